internal import LLMJSON

extension JSONSpelling {
    /// What may stand in a JSON string for each text that `expression` matches.
    ///
    /// A JSON text has one value, so the texts whose value matches come from replacing each character by its spellings;
    /// of a complement, the complement within what is well spelled.
    func spelled(_ expression: RegexExpression) throws(GrammarError) -> RegexExpression {
        switch expression {
        case .never, .empty: return expression
        case .bytes(let set):
            // Bytes of longer characters stand for themselves; they need no escape.
            var long = set
            long.words.0 = 0
            long.words.1 = 0
            let short = ScalarSet((0..<128 as Range<UInt8>).lazy.filter(set.contains).map { UInt32($0)...UInt32($0) })
            return .either([character(of: short), .bytes(long)])
        case .characters(let set): return character(of: set)
        case .literal(let bytes): return literal(bytes)
        case .sequence(let parts): return .sequence(try spelled(parts))
        case .either(let parts): return .either(try spelled(parts))
        case .both(let parts):
            return parts.isEmpty ? try spelled(.anyText) : .both(try spelled(parts))
        case .not(let inner): return .both([try spelled(.anyText), .not(try spelled(inner))])
        case .repeated(let inner, let min, let max): return .repeated(try spelled(inner), min: min, max: max)
        case .remainder: throw GrammarError(.refused, "a multiple cannot be asked of a number within a JSON string")
        case .jsonQuoted(let inner, let spelling): return try spelled(try spelling.spelled(inner))
        }
    }

    private func spelled(_ parts: [RegexExpression]) throws(GrammarError) -> [RegexExpression] {
        var result: [RegexExpression] = []
        for part in parts { result.append(try spelled(part)) }
        return result
    }

    private func literal(_ bytes: [UInt8]) -> RegexExpression {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.utf8.elementsEqual(bytes) else { return .never }
        switch self {
        case .canonical: return .literal(text.unicodeScalars.flatMap(Self.canonicalBytes))
        case .any: return .sequence(text.unicodeScalars.map { character(of: ScalarSet($0)) })
        }
    }

    /// The canonical spelling of a character.
    static func canonicalBytes(_ scalar: Unicode.Scalar) -> [UInt8] {
        if let short = shortEscapes.first(where: { $0.value == scalar.value }), short.value != 0x2F {
            return [UInt8(ascii: "\\"), short.letter]
        }
        if scalar.value < 0x20 {
            let digits = String(scalar.value, radix: 16)
            return Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
        }
        return Array(String(scalar).utf8)
    }

    private static let shortEscapes: [(letter: UInt8, value: UInt32)] = [
        (UInt8(ascii: "\""), 0x22), (UInt8(ascii: "\\"), 0x5C), (UInt8(ascii: "/"), 0x2F), (UInt8(ascii: "b"), 0x08),
        (UInt8(ascii: "f"), 0x0C), (UInt8(ascii: "n"), 0x0A), (UInt8(ascii: "r"), 0x0D), (UInt8(ascii: "t"), 0x09),
    ]

    private static let mustEscape = ScalarSet([0...0x1F, 0x22...0x22, 0x5C...0x5C])

    private func character(of set: ScalarSet) -> RegexExpression {
        if set.isEmpty { return .never }
        var ways: [RegexExpression] = [.characters(set.subtracting(Self.mustEscape))]
        let short = Self.shortEscapes.filter { escape in
            (self == .any || escape.value != 0x2F) && set.contains(Unicode.Scalar(escape.value)!)
        }
        if !short.isEmpty {
            ways.append(.sequence([.literal([UInt8(ascii: "\\")]), .bytes(ByteSet(short.map(\.letter)))]))
        }
        switch self {
        case .canonical:
            let plain = set.intersection(ScalarSet([0...0x1F])).subtracting(
                ScalarSet(Self.shortEscapes.map { $0.value...$0.value }))
            if !plain.isEmpty {
                ways.append(.sequence([.text("\\u"), hexadecimal(plain.ranges, upperCaseToo: false)]))
            }
        case .any:
            let basic = set.intersection(ScalarSet([0...0xFFFF]))
            if !basic.isEmpty {
                ways.append(.sequence([.text("\\u"), hexadecimal(basic.ranges, upperCaseToo: true)]))
            }
            ways += pairs(set.intersection(ScalarSet([0x1_0000...0x10_FFFF])))
        }
        return .either(ways)
    }

    /// Four digits of a number within `ranges`.
    private func hexadecimal(_ ranges: [ClosedRange<UInt32>], upperCaseToo: Bool) -> RegexExpression {
        .either(
            ranges.flatMap { range in
                Self.digits(range, count: 4).map { sequence in
                    .sequence(sequence.map { .bytes(Self.digitBytes($0, upperCaseToo: upperCaseToo)) })
                }
            })
    }

    /// Characters past U+FFFF as pairs of surrogates.
    private func pairs(_ set: ScalarSet) -> [RegexExpression] {
        var ways: [RegexExpression] = []
        for range in set.ranges {
            var next = range.lowerBound - 0x1_0000
            let last = range.upperBound - 0x1_0000
            while next <= last {
                let high = next >> 10
                // Whole blocks of 1,024 share their second halves.
                let isWhole = next & 0x3FF == 0 && last - next >= 0x3FF
                let lastHigh = isWhole ? (last & 0x3FF == 0x3FF ? last >> 10 : (last >> 10) - 1) : high
                let lastLow = isWhole ? 0x3FF : (last >> 10 == high ? last & 0x3FF : 0x3FF)
                ways.append(
                    .sequence([
                        .text("\\u"), hexadecimal([0xD800 + high...0xD800 + lastHigh], upperCaseToo: true),
                        .text("\\u"),
                        hexadecimal([0xDC00 + (next & 0x3FF)...0xDC00 + lastLow], upperCaseToo: true),
                    ]))
                next = (lastHigh + 1) << 10
            }
        }
        return ways
    }

    private static func digitBytes(_ digits: ClosedRange<UInt8>, upperCaseToo: Bool) -> ByteSet {
        var set = ByteSet()
        for digit in digits {
            let text = String(digit, radix: 16)
            for byte in text.utf8 { set.insert(byte) }
            if upperCaseToo { for byte in text.uppercased().utf8 { set.insert(byte) } }
        }
        return set
    }

    /// Ranges of hexadecimal digits in a row that are together the numbers of `range`.
    private static func digits(_ range: ClosedRange<UInt32>, count: Int) -> [[ClosedRange<UInt8>]] {
        for level in 1..<count {
            let mask = (UInt32(1) << UInt32(4 * level)) - 1
            guard range.lowerBound & ~mask != range.upperBound & ~mask else { continue }
            if range.lowerBound & mask != 0 {
                return digits(range.lowerBound...range.lowerBound | mask, count: count)
                    + digits((range.lowerBound | mask) + 1...range.upperBound, count: count)
            }
            if range.upperBound & mask != mask {
                return digits(range.lowerBound...(range.upperBound & ~mask) - 1, count: count)
                    + digits(range.upperBound & ~mask...range.upperBound, count: count)
            }
        }
        return [
            (0..<count).reversed().map { level in
                let shift = UInt32(4 * level)
                return UInt8(range.lowerBound >> shift & 0xF)...UInt8(range.upperBound >> shift & 0xF)
            }
        ]
    }
}
