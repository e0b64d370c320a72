/// A vocabulary of whole words.
struct WordLevel: Sendable {
    private let tokens: TokenTable
    private let unknown: Int32?

    init(_ tokens: TokenTable, unknown: String) {
        self.tokens = tokens
        self.unknown = tokens.id(unknown)
    }

    func encode(_ word: Span<UInt8>, into ids: inout [Int32]) throws(Damage) {
        guard let id = tokens.id(word) ?? unknown else {
            throw Damage("a word is not in the vocabulary, and neither is unk_token", code: .encodingFailed)
        }
        ids.append(id)
    }
}
