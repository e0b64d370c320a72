import LLMJSON

/// The spellings of a vocabulary, byte for byte, and the way from a spelling to its id.
///
/// All spellings lie in one array; a hash table with open addressing finds them without an allocation.
struct TokenTable: Sendable {
    /// More ids than any vocabulary has.
    static let idLimit = 1 << 24

    private var bytes: [UInt8] = []
    /// By id: where the spelling lies in `bytes`, and its length; a start of -1 for an id without one.
    private var places: [(start: Int32, length: Int32)] = []
    /// The high half of a hash above an id; all ones where a slot is free. A power of two of them, at least twice as
    /// many as spellings.
    private var slots: [UInt64] = []
    private var used = 0

    /// One more than the largest id.
    var count: Int { places.count }

    /// How many different spellings there are.
    var spellings: Int { used }

    init(capacity: Int = 0) {
        places.reserveCapacity(capacity)
        bytes.reserveCapacity(capacity * 7)
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = Array(repeating: Self.free, count: size)
    }

    /// Gives `id` the spelling `token`.
    ///
    /// - Parameter replaces: whether a spelling that is taken means this id from now on.
    /// - Throws: where the id is taken or out of range, or the spelling is taken.
    mutating func insert(_ token: ArraySlice<UInt8>, id: Int, replaces: Bool = false) throws(Damage) {
        guard 0..<Self.idLimit ~= id else {
            throw Damage("token id \(id) is not in 0 to \(Self.idLimit - 1)")
        }
        // A file of n bytes has fewer than n tokens; a lone huge id must not cost memory.
        while places.count <= id { places.append((-1, 0)) }
        guard places[id].start < 0 else { throw Damage("token id \(id) is given to two tokens") }
        guard bytes.count + token.count < Int(Int32.max) else { throw Damage("the tokens are too long together") }
        if (used + 1) * 2 > slots.count { grow() }
        let hash = Self.hash(token.span)
        let slot = slot(token.span, hash)
        guard slots[slot] == Self.free || replaces else {
            throw Damage("the token \(String(decoding: token, as: UTF8.self).quoted) appears twice")
        }
        places[id] = (Int32(bytes.count), Int32(token.count))
        bytes += token
        if slots[slot] == Self.free { used += 1 }
        slots[slot] = Self.entry(hash, id)
    }

    private mutating func grow() {
        let size = slots.count * 2
        slots = Array(repeating: Self.free, count: size)
        for id in places.indices where places[id].start >= 0 {
            let spelling = Array(bytes[range(id)])
            let hash = Self.hash(spelling.span)
            let slot = slot(spelling.span, hash)
            slots[slot] = Self.entry(hash, id)
        }
    }

    private func range(_ id: Int) -> Range<Int> {
        Int(places[id].start)..<Int(places[id].start) + Int(places[id].length)
    }

    /// The spelling of `id`, or nil.
    func spelling(_ id: Int) -> ArraySlice<UInt8>? {
        guard places.indices.contains(id), places[id].start >= 0 else { return nil }
        return bytes[range(id)]
    }

    /// The id of `token`, or nil.
    func id(_ token: Span<UInt8>) -> Int32? {
        let entry = slots[slot(token, Self.hash(token))]
        return entry == Self.free ? nil : Int32(truncatingIfNeeded: entry)
    }

    func id(_ token: [UInt8]) -> Int32? { id(token.span) }

    func id(_ token: String) -> Int32? { id(Array(token.utf8).span) }

    private static let free = UInt64.max

    private static func entry(_ hash: UInt64, _ id: Int) -> UInt64 { hash & 0xFFFF_FFFF_0000_0000 | UInt64(id) }

    /// Where `token` is, or the free slot where it would be.
    private func slot(_ token: Span<UInt8>, _ hash: UInt64) -> Int {
        let slots = slots.span
        let mask = slots.count - 1
        let tag = hash >> 32
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != Self.free {
            if slots[slot] >> 32 == tag {
                let place = places[Int(truncatingIfNeeded: slots[slot] & 0xFFFF_FFFF)]
                if Int(place.length) == token.count, Self.isSame(token, bytes.span, at: Int(place.start)) { break }
            }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private static func isSame(_ token: Span<UInt8>, _ bytes: Span<UInt8>, at start: Int) -> Bool {
        for index in token.indices where bytes[start + index] != token[index] { return false }
        return true
    }

    /// FNV-1a, with a last mixing of its high bits into the low ones.
    static func hash(_ token: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in token.indices { hash = (hash ^ UInt64(token[index])) &* 0x0000_0100_0000_01B3 }
        return hash ^ hash >> 29
    }
}
