/// The added tokens of a tokenizer, matched as `tokenizers` matches them.
///
/// Of tokens that begin at one place the longest counts, and the search goes on behind it even where it turns out to
/// touch a word that it must not touch. Tokens that are not normalized are looked for in the text as it is given, the
/// others in what normalizing makes of the stretches between.
struct AddedVocabulary: Sendable {
    /// A stretch of text, or an added token.
    enum Segment {
        case text(Range<Int>)
        case token(TokenID)
    }

    /// Finds the tokens of one kind.
    struct Matcher: Sendable {
        fileprivate var trie = ByteTrie([])
        /// By id of the trie.
        fileprivate var tokens: [(id: TokenID, token: AddedToken)] = []
        /// Whether a token begins with the byte.
        private var begins = [Bool](repeating: false, count: 256)

        init(_ spelled: [(bytes: [UInt8], id: TokenID, token: AddedToken)]) {
            let spelled = spelled.filter { !$0.bytes.isEmpty }
            trie = ByteTrie(spelled.enumerated().map { ($1.bytes[...], Int32($0)) })
            tokens = spelled.map { ($0.id, $0.token) }
            for token in spelled { begins[Int(token.bytes[0])] = true }
        }

        /// Cuts `text` at its added tokens; empty stretches are left out.
        func segments(of text: [UInt8], _ range: Range<Int>) -> [Segment] {
            if tokens.isEmpty { return range.isEmpty ? [] : [.text(range)] }
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
                let (id, token) = tokens[match.index]
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

    /// By id.
    private(set) var tokens: [TokenID: AddedToken] = [:]
    private var ids: [[UInt8]: TokenID] = [:]
    /// By id: what it is looked for as, and reads as: its content, normalized where the token says so.
    private(set) var spellings: [TokenID: [UInt8]] = [:]
    /// Looks at the text as it is given.
    private(set) var raw = Matcher([])
    /// Looks at the normalized text.
    private(set) var normalized = Matcher([])

    /// The id of the added token that is spelled `content`.
    func id(_ content: String) -> TokenID? { ids[Array(content.utf8)] }

    /// Adds a token: with the id that the vocabulary gives it, else with the next that is free.
    mutating func add(_ token: AddedToken, _ vocabulary: TokenTable) {
        let bytes = Array(token.content.utf8)
        guard !bytes.isEmpty else { return }
        let size = TokenID(vocabulary.spellings)
        let id = ids[bytes] ?? vocabulary.id(bytes) ?? max(size, (tokens.keys.max() ?? -1) + 1)
        ids[bytes] = id
        tokens[id] = token
    }

    /// Gives the token the id that a file tells.
    mutating func set(_ token: AddedToken, id: TokenID) {
        guard !token.content.isEmpty else { return }
        ids[Array(token.content.utf8)] = id
        tokens[id] = token
    }

    /// Makes the matchers; to be called when all tokens are there.
    mutating func finish(_ normalizer: Normalizer?) throws(Damage) {
        var raw: [(bytes: [UInt8], id: TokenID, token: AddedToken)] = []
        var normalized = raw
        for (id, token) in tokens.sorted(by: { $0.key < $1.key }) {
            let bytes = Array(token.content.utf8)
            if token.isNormalized {
                var steps = RegexPattern.steps(for: bytes.count)
                let spelling = try normalizer?.normalize(bytes, steps: &steps) ?? bytes
                normalized.append((spelling, id, token))
                spellings[id] = spelling
            } else {
                spellings[id] = bytes
                raw.append((bytes, id, token))
            }
        }
        self.raw = Matcher(raw)
        self.normalized = Matcher(normalized)
    }
}
