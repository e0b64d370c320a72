import LLMTestSupport

/// Damages text as a broken writer, a bad disk or an attacker would; the same seed does the same damage.
struct Mutator {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private static let numbers = [
        "0", "1", "2", "8", "64", "-1", "-0", "1.5", "1e3", "007", "4294967296", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "99999999999999999999999999", "null", "\"1\"",
    ]
    private static let tokens = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\"F32\"", "\"BF16\"", "\"F4\"", "\"I64\"",
        "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "\"weight_map\"", "true", "null", "{}", "[]",
        "\u{FEFF}", "\u{0}", "é", "\u{301}\u{323}", " ", "\n",
    ]

    /// One to three kinds of damage to `text`.
    mutating func damaged(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &generator) { damage(&text) }
        return text
    }

    mutating func number(below bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &generator) }

    private mutating func damage(_ text: inout [UInt8]) {
        let place = number(below: text.count)
        let range = place..<min(text.count, place + 1 + number(below: 24))
        switch number(below: 10) {
        case 0 where !text.isEmpty: text[place] ^= 1 << UInt8(number(below: 8))
        case 1 where !text.isEmpty: text[place] = UInt8(number(below: 256))
        case 2, 3: replaceNumber(in: &text, near: place)
        case 4, 5: replaceToken(in: &text, near: place)
        case 6: text.insert(contentsOf: text[range], at: number(below: text.count + 1))
        case 7: text.removeSubrange(range)
        case 8: text.removeSubrange(place...)
        default:
            let bracket = Array([#"["#, #"{"a":"#, #"]"#][number(below: 3)].utf8)
            text.insert(contentsOf: repeatElement(bracket, count: 1 << number(below: 10)).joined(), at: place)
        }
    }

    private mutating func replaceNumber(in text: inout [UInt8], near place: Int) {
        func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
        guard let start = text[place...].firstIndex(where: isDigit) else { return }
        let end = text[start...].firstIndex { !isDigit($0) } ?? text.count
        text.replaceSubrange(start..<end, with: Self.numbers[number(below: Self.numbers.count)].utf8)
    }

    private mutating func replaceToken(in text: inout [UInt8], near place: Int) {
        let present = Self.tokens.map { Array($0.utf8) }
        let old = present[number(below: present.count)]
        let starts = text.indices[place...].filter { text[$0...].starts(with: old) }
        guard let start = starts.first else { return }
        text.replaceSubrange(start..<start + old.count, with: present[number(below: present.count)])
    }
}
