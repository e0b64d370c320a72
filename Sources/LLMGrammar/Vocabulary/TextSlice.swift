/// Tokens that are so plain that most strings allow all of them: whole characters, none of which JSON escapes.
///
/// Where a lexer state allows every text of a slice, the slice's mask is taken as it is and its trie is not walked.
struct TextSlice: Sendable {
    /// The most characters of a token, or nil.
    let characterLimit: Int?

    /// From the fewest characters on; a token is in the first that it fits.
    static let all = [TextSlice(characterLimit: 10), TextSlice(characterLimit: 30), TextSlice(characterLimit: nil)]

    /// A place within a character: what bytes may follow, and where they lead; 0 is between characters.
    struct Step: Sendable {
        let set: ByteSet
        let next: Int
    }

    static let steps: [[Step]] = {
        var plain = ByteSet(0x20...0x7E)
        for byte in [UInt8(ascii: "\""), UInt8(ascii: "\\")] { plain = plain.subtracting(ByteSet(byte...byte)) }
        return [
            [
                Step(set: plain, next: 0), Step(set: ByteSet(0xC2...0xDF), next: 1),
                Step(set: ByteSet(0xE0...0xE0), next: 4),
                Step(set: ByteSet(0xE1...0xEC).union(ByteSet(0xEE...0xEF)), next: 2),
                Step(set: ByteSet(0xED...0xED), next: 5), Step(set: ByteSet(0xF0...0xF0), next: 6),
                Step(set: ByteSet(0xF1...0xF3), next: 3), Step(set: ByteSet(0xF4...0xF4), next: 7),
            ],
            [Step(set: ByteSet(0x80...0xBF), next: 0)],
            [Step(set: ByteSet(0x80...0xBF), next: 1)],
            [Step(set: ByteSet(0x80...0xBF), next: 2)],
            [Step(set: ByteSet(0xA0...0xBF), next: 1)],
            [Step(set: ByteSet(0x80...0x9F), next: 1)],
            [Step(set: ByteSet(0x90...0xBF), next: 2)],
            [Step(set: ByteSet(0x80...0x8F), next: 2)],
        ]
    }()

    /// The slice of a token.
    static func index(of token: [UInt8]) -> Int? {
        var place = 0
        var characters = 0
        for byte in token {
            if place == 0 { characters += 1 }
            guard let step = steps[place].first(where: { $0.set.contains(byte) }) else { return nil }
            place = step.next
        }
        guard place == 0 else { return nil }
        return all.firstIndex { characters <= $0.characterLimit ?? .max }
    }
}
