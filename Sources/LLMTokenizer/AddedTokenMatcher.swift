/// Finds added tokens in a text, as `tokenizers` finds them.
///
/// The leftmost counts, and of those that begin at one place the longest; the search goes on behind it even where it turns
/// out to touch a word that it must not touch.
struct AddedTokenMatcher: Sendable {
    /// A stretch of text, or an added token.
    enum Segment {
        case text(Range<Int>)
        case token(TokenID)
    }

    /// A token, and what it is looked for as.
    struct Entry: Sendable {
        let bytes: [UInt8]
        let id: TokenID
        let token: AddedToken
    }

    /// Its ids are places in `entries`.
    private let trie: ByteTrie
    private let entries: [Entry]
    /// Whether a token begins with the byte.
    private let begins: [Bool]

    /// A matcher of `entries`; of those that are looked for as the same the last counts.
    init(_ entries: [Entry]) {
        let entries = entries.filter { !$0.bytes.isEmpty }
        var begins = [Bool](repeating: false, count: 256)
        for entry in entries { begins[Int(entry.bytes[0])] = true }
        trie = ByteTrie(entries.enumerated().map { ($1.bytes[...], Int32($0)) })
        self.entries = entries
        self.begins = begins
    }

    /// A matcher of tokens as they are spelled.
    init(_ tokens: [TokenID: AddedToken]) {
        self.init(
            tokens.sorted { $0.key < $1.key }.map { Entry(bytes: Array($1.content.utf8), id: $0, token: $1) })
    }

    /// Cuts `text` at its added tokens; empty stretches are left out.
    func segments(of text: [UInt8], _ range: Range<Int>) -> [Segment] {
        if entries.isEmpty { return range.isEmpty ? [] : [.text(range)] }
        var segments: [Segment] = []
        var start = range.lowerBound
        var position = range.lowerBound
        let window = text.span.extracting(range)
        while position < range.upperBound {
            guard begins[Int(text[position])] else {
                position += 1
                continue
            }
            var match: (length: Int, index: Int)?
            trie.forEachPrefix(of: window, from: position - range.lowerBound) { length, index in
                match = (length, Int(index))
            }
            guard let match else {
                position += 1
                continue
            }
            let (id, token) = (entries[match.index].id, entries[match.index].token)
            var (lower, upper) = (position, position + match.length)
            position = upper
            if token.isSingleWord, !Self.standsAlone(text, lower..<upper, in: range) { continue }
            if token.stripsLeft { lower = max(Self.spacesStart(text, range.lowerBound..<lower), start) }
            if token.stripsRight { upper = Self.spacesEnd(text, upper..<range.upperBound) }
            if start < lower { segments.append(.text(start..<lower)) }
            segments.append(.token(id))
            start = upper
        }
        if start < range.upperBound { segments.append(.text(start..<range.upperBound)) }
        return segments
    }

    private static func standsAlone(_ text: [UInt8], _ token: Range<Int>, in range: Range<Int>) -> Bool {
        if token.lowerBound > range.lowerBound {
            let start = start(ofCharacterBefore: token.lowerBound, text)
            if CharacterClasses.word.contains(UTF8Text.scalar(text, at: start).0) { return false }
        }
        return token.upperBound == range.upperBound
            || !CharacterClasses.word.contains(UTF8Text.scalar(text, at: token.upperBound).0)
    }

    private static func start(ofCharacterBefore position: Int, _ text: [UInt8]) -> Int {
        var start = position - 1
        while text[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    private static func spacesStart(_ text: [UInt8], _ range: Range<Int>) -> Int {
        var position = range.upperBound
        while position > range.lowerBound {
            let start = start(ofCharacterBefore: position, text)
            guard UnicodeSets.space.contains(UTF8Text.scalar(text, at: start).0) else { break }
            position = start
        }
        return position
    }

    private static func spacesEnd(_ text: [UInt8], _ range: Range<Int>) -> Int {
        var position = range.lowerBound
        while position < range.upperBound {
            let (scalar, length) = UTF8Text.scalar(text, at: position)
            guard UnicodeSets.space.contains(scalar) else { break }
            position += length
        }
        return position
    }
}
