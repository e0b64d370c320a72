import LLMJSON

/// The spellings of a vocabulary, byte for byte, and the way from a spelling to its id.
///
/// All spellings lie in one array; a hash table with open addressing finds them without an allocation.
struct TokenTable: Sendable {
    /// More ids than any vocabulary has.
    static let idLimit = 1 << 24

    private var bytes: [UInt8] = []
    /// By id: where the spelling lies in `bytes`; a start of -1 for an id without one.
    private var starts: [Int32] = []
    private var lengths: [Int32] = []
    /// Ids, or -1 where a slot is free; a power of two of them, at least twice as many as spellings.
    private var slots: [Int32] = []
    private var used = 0

    /// One more than the largest id.
    var count: Int { starts.count }

    /// How many different spellings there are.
    var spellings: Int { used }

    init(capacity: Int = 0) {
        starts.reserveCapacity(capacity)
        lengths.reserveCapacity(capacity)
        bytes.reserveCapacity(capacity * 7)
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
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
        while starts.count <= id {
            starts.append(-1)
            lengths.append(0)
        }
        guard starts[id] < 0 else { throw Damage("token id \(id) is given to two tokens") }
        guard bytes.count + token.count < Int(Int32.max) else { throw Damage("the tokens are too long together") }
        if (used + 1) * 2 > slots.count { grow() }
        let slot = Self.slot(token.span, in: self)
        guard slots[slot] < 0 || replaces else {
            throw Damage("the token \(String(decoding: token, as: UTF8.self).quoted) appears twice")
        }
        starts[id] = Int32(bytes.count)
        lengths[id] = Int32(token.count)
        bytes += token
        if slots[slot] < 0 { used += 1 }
        slots[slot] = Int32(id)
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        for id in starts.indices where starts[id] >= 0 {
            let range = Int(starts[id])..<Int(starts[id]) + Int(lengths[id])
            slots[Self.slot(bytes.span.extracting(range), in: self)] = Int32(id)
        }
    }

    /// The spelling of `id`, or nil.
    func spelling(_ id: Int) -> ArraySlice<UInt8>? {
        guard starts.indices.contains(id), starts[id] >= 0 else { return nil }
        return bytes[Int(starts[id])..<Int(starts[id]) + Int(lengths[id])]
    }

    /// The id of `token`, or nil.
    func id(_ token: Span<UInt8>) -> Int32? {
        let id = slots[Self.slot(token, in: self)]
        return id < 0 ? nil : id
    }

    func id(_ token: [UInt8]) -> Int32? { id(token.span) }

    func id(_ token: String) -> Int32? { id(Array(token.utf8).span) }

    /// Where `token` is in `table`, or the free slot where it would be.
    private static func slot(_ token: Span<UInt8>, in table: borrowing TokenTable) -> Int {
        let slots = table.slots.span
        let mask = slots.count - 1
        let bytes = table.bytes.span
        let starts = table.starts.span
        let lengths = table.lengths.span
        var slot = Int(truncatingIfNeeded: hash(token)) & mask
        while slots[slot] >= 0 {
            let id = Int(slots[slot])
            if Int(lengths[id]) == token.count, isSame(token, bytes, at: Int(starts[id])) { break }
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
