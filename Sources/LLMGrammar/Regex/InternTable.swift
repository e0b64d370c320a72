/// An open hash table from contents to the numbers they have elsewhere, for things that are kept once each.
struct InternTable {
    private var slots: [Int32]
    private var hashes: [UInt32] = []
    private var mask: Int

    init(capacity: Int = 64) {
        slots = [Int32](repeating: -1, count: capacity)
        mask = capacity - 1
    }

    /// The number of the contents with this hash that are equal, or nil.
    @inline(__always)
    func find(_ hash: UInt64, where isEqual: (Int) -> Bool) -> Int? {
        let short = UInt32(truncatingIfNeeded: hash)
        var slot = Int(short) & mask
        while true {
            let id = slots[slot]
            if id < 0 { return nil }
            if hashes[Int(id)] == short, isEqual(Int(id)) { return Int(id) }
            slot = (slot + 1) & mask
        }
    }

    /// Gives contents that were not found the next number.
    mutating func append(_ hash: UInt64) -> Int {
        let id = hashes.count
        hashes.append(UInt32(truncatingIfNeeded: hash))
        if hashes.count * 2 > slots.count { grow() }
        place(id)
        return id
    }

    private mutating func place(_ id: Int) {
        var slot = Int(hashes[id]) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(id)
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        mask = slots.count - 1
        for id in 0..<hashes.count - 1 { place(id) }
    }

    var count: Int { hashes.count }
}

/// A hash of numbers in a row.
struct RunningHash {
    private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

    @inline(__always)
    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0xBF58_476D_1CE4_E5B9
        value ^= value >> 29
    }

    @inline(__always)
    mutating func add(_ word: Int32) { add(UInt64(UInt32(bitPattern: word))) }

    var finished: UInt64 {
        let mixed = (value ^ (value >> 31)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 32)
    }
}

/// A hash table from pairs of numbers to two numbers.
struct PairTable {
    private var keys: [UInt64]
    private var values: [UInt64]
    private var mask: Int
    private(set) var count = 0
    private static let none = UInt64.max

    init() {
        keys = [UInt64](repeating: Self.none, count: 64)
        values = [UInt64](repeating: 0, count: 64)
        mask = 63
    }

    @inline(__always)
    static func pair(_ a: Int32, _ b: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: a)) << 32 | UInt64(UInt32(bitPattern: b))
    }

    @inline(__always)
    subscript(key: UInt64) -> UInt64? {
        var slot = start(key)
        while true {
            let found = keys[slot]
            if found == key { return values[slot] }
            if found == Self.none { return nil }
            slot = (slot + 1) & mask
        }
    }

    mutating func insert(_ key: UInt64, _ value: UInt64) {
        if (count + 1) * 2 > keys.count { grow() }
        var slot = start(key)
        while keys[slot] != Self.none, keys[slot] != key { slot = (slot + 1) & mask }
        if keys[slot] != key { count += 1 }
        keys[slot] = key
        values[slot] = value
    }

    @inline(__always)
    private func start(_ key: UInt64) -> Int {
        let mixed = (key ^ (key >> 29)) &* 0xBF58_476D_1CE4_E5B9
        return Int(truncatingIfNeeded: mixed >> 32) & mask
    }

    private mutating func grow() {
        let old = (keys, values)
        keys = [UInt64](repeating: Self.none, count: keys.count * 2)
        values = [UInt64](repeating: 0, count: keys.count)
        mask = keys.count - 1
        count = 0
        for (key, value) in zip(old.0, old.1) where key != Self.none { insert(key, value) }
    }
}
