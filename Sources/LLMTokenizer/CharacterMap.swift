/// The check of a normalizer's `precompiled_charsmap`: a double-array trie from character sequences to their
/// replacements, which libsentencepiece walks without looking at its bounds.
///
/// Layout: the trie's size in bytes (UInt32), the trie (UInt32 units), the replacements (each ended by a NUL). From a
/// unit, byte `b` leads to the unit at `base ^ b`, if that one carries the label `b`; where the unit has a value, it
/// stands at `base`: the offset of a replacement.
struct CharacterMap: Sendable {
    /// Walks every path from the root.
    ///
    /// - Throws: where a path leaves the trie, returns to itself, or is longer than the library has room for, and
    ///   where a replacement is no text or too long.
    static func check(_ bytes: [UInt8]) throws(Damage) { _ = try CharacterMap(checked: bytes) }

    /// Reads and checks a map.
    init(checked bytes: [UInt8]) throws(Damage) {
        try self.init(bytes)
        try walk()
        states = []
    }

    let units: [UInt32]
    let replacements: ArraySlice<UInt8>
    private var states: [State]

    private init(_ bytes: [UInt8]) throws(Damage) {
        guard bytes.count <= Limits.bytes else {
            throw Damage("precompiled_charsmap has \(bytes.count) bytes, more than \(Limits.bytes)")
        }
        guard bytes.count > 4 else { throw Damage("precompiled_charsmap has \(bytes.count) bytes, too few") }
        let trieBytes = Int(Self.word(bytes[0..<4]))
        guard trieBytes % 4 == 0, trieBytes > 0, trieBytes < bytes.count - 4 else {
            throw Damage("precompiled_charsmap tells of a trie of \(trieBytes) bytes in \(bytes.count)")
        }
        units = stride(from: 4, to: 4 + trieBytes, by: 4).map { Self.word(bytes[$0..<$0 + 4]) }
        replacements = bytes[(4 + trieBytes)...]
        guard replacements.last == 0 else { throw Damage("the replacements of precompiled_charsmap do not end") }
        states = Array(repeating: .unseen, count: units.count)
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private enum State: Sendable {
        case unseen
        /// On the path that is being walked.
        case open
        /// The longest path from here, and the most values on one.
        case done(length: Int, values: Int)
    }

    /// A unit whose children are being visited.
    private struct Visit {
        let unit: Int
        let base: Int
        var label = 0
        var length = 0
        var values = 0
    }

    private mutating func walk() throws(Damage) {
        var path = [try visit(0)]
        while var visit = path.popLast() {
            if visit.label == 256 {
                let values = visit.values + (hasValue(visit.unit) ? 1 : 0)
                guard visit.length <= Limits.keyBytes, values <= Limits.values else {
                    throw Damage("precompiled_charsmap has a rule for more bytes than any text needs")
                }
                states[visit.unit] = .done(length: visit.length, values: values)
                continue
            }
            let child = visit.base ^ visit.label
            guard units[child] & 0x8000_00FF == UInt32(visit.label) else {
                visit.label += 1
                path.append(visit)
                continue
            }
            switch states[child] {
            case .done(let length, let values):
                visit.length = max(visit.length, length + 1)
                visit.values = max(visit.values, values)
                visit.label += 1
                path.append(visit)
            case .open:
                throw Damage("the trie of precompiled_charsmap runs in a circle")
            case .unseen:
                path.append(visit)
                path.append(try self.visit(child))
            }
        }
    }

    private mutating func visit(_ unit: Int) throws(Damage) -> Visit {
        let base = base(unit)
        guard base | 0xFF < units.count else {
            throw Damage("unit \(unit) of precompiled_charsmap points at \(base) of \(units.count)")
        }
        if hasValue(unit) { try checkReplacement(Int(units[base] & 0x7FFF_FFFF)) }
        states[unit] = .open
        return Visit(unit: unit, base: base)
    }

    func hasValue(_ unit: Int) -> Bool { units[unit] >> 8 & 1 == 1 }

    /// Where the children of a unit are, each at this place with its label's bits changed.
    func base(_ unit: Int) -> Int {
        let bits = units[unit]
        return unit ^ Int((bits >> 10) << ((bits & 1 << 9) >> 6))
    }

    private func checkReplacement(_ offset: Int) throws(Damage) {
        let text = replacements.dropFirst(offset).prefix(Limits.replacementBytes + 1).prefix { $0 != 0 }
        guard offset < replacements.count, text.count <= Limits.replacementBytes,
            String(validating: text, as: UTF8.self) != nil
        else { throw Damage("precompiled_charsmap has no sound replacement at \(offset)") }
    }

    private enum Limits {
        static let bytes = 16 << 20
        /// The longest sequences that Unicode's normalization forms know have a few dozen bytes.
        static let keyBytes = 256
        /// The size of the library's result array.
        static let values = 32
        /// Normalization forms need 33: a text may grow by no more than this.
        static let replacementBytes = 128
    }
}
