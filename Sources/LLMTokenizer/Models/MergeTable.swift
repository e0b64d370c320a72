/// The merges of a BPE vocabulary: from two neighbours to their rank and to what they become.
struct MergeTable: Sendable {
    /// A merge: the lower its rank the earlier it is done.
    struct Merge {
        let rank: UInt32
        let id: Int32
    }

    /// Left id above right id; all ones where a slot is free.
    private var keys: [UInt64]
    /// Rank above the new id.
    private var values: [UInt64]
    private var used = 0

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        keys = Array(repeating: .max, count: size)
        values = Array(repeating: 0, count: size)
    }

    /// Adds a merge; a later one of the same neighbours takes the place of an earlier one.
    mutating func insert(_ left: Int32, _ right: Int32, rank: UInt32, id: Int32) {
        if (used + 1) * 2 > keys.count { grow() }
        let key = Self.key(left, right)
        let slot = Self.slot(key, keys.span)
        if keys[slot] == .max { used += 1 }
        keys[slot] = key
        values[slot] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: id))
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = Array(repeating: .max, count: oldKeys.count * 2)
        values = Array(repeating: 0, count: oldKeys.count * 2)
        for (key, value) in zip(oldKeys, oldValues) where key != .max {
            let slot = Self.slot(key, keys.span)
            keys[slot] = key
            values[slot] = value
        }
    }

    /// The merge of two neighbours, or nil.
    func merge(_ left: Int32, _ right: Int32) -> Merge? {
        let key = Self.key(left, right)
        let slot = Self.slot(key, keys.span)
        guard keys[slot] == key else { return nil }
        return Merge(rank: UInt32(values[slot] >> 32), id: Int32(truncatingIfNeeded: values[slot]))
    }

    /// Every merge with its neighbours, by rank.
    var ranked: [(left: Int32, right: Int32, id: Int32)] {
        zip(keys, values).filter { $0.0 != .max }.sorted { $0.1 < $1.1 }.map { key, value in
            (
                Int32(truncatingIfNeeded: key >> 32), Int32(truncatingIfNeeded: key), Int32(truncatingIfNeeded: value)
            )
        }
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private static func slot(_ key: UInt64, _ keys: Span<UInt64>) -> Int {
        let mask = keys.count - 1
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while keys[slot] != key && keys[slot] != .max { slot = (slot + 1) & mask }
        return slot
    }
}
