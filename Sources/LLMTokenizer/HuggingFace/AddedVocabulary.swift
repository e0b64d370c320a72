/// The added tokens of a tokenizer. Those that are not normalized are looked for in the text as it is given, the others
/// in what normalizing makes of the stretches between.
struct AddedVocabulary: Sendable {
    /// By id.
    private(set) var tokens: [TokenID: AddedToken] = [:]
    private var ids: [[UInt8]: TokenID] = [:]
    /// By id: what it is looked for as, and reads as: its content, normalized where the token says so.
    private(set) var spellings: [TokenID: [UInt8]] = [:]
    /// Looks at the text as it is given.
    private(set) var raw = AddedTokenMatcher([])
    /// Looks at the normalized text.
    private(set) var normalized = AddedTokenMatcher([])

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
        var raw: [AddedTokenMatcher.Entry] = []
        var normalized = raw
        for (id, token) in tokens.sorted(by: { $0.key < $1.key }) {
            let bytes = Array(token.content.utf8)
            if token.isNormalized {
                var steps = RegexPattern.steps(for: bytes.count)
                let spelling = try normalizer?.normalize(bytes, steps: &steps) ?? bytes
                normalized.append(.init(bytes: spelling, id: id, token: token))
                spellings[id] = spelling
            } else {
                spellings[id] = bytes
                raw.append(.init(bytes: bytes, id: id, token: token))
            }
        }
        self.raw = AddedTokenMatcher(raw)
        self.normalized = AddedTokenMatcher(normalized)
    }
}
