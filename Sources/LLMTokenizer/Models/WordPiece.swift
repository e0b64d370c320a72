/// The longest token first, from the left: the algorithm of BERT.
struct WordPiece: Sendable {
    private let tokens: TokenTable
    private let unknown: Int32?
    private let continuingPrefix: [UInt8]
    private let characterLimit: Int
    /// The length of the longest token, so that a long word takes no quadratic time.
    private let longest: Int

    init(_ tokens: TokenTable, unknown: String, continuingPrefix: String, characterLimit: Int) {
        self.tokens = tokens
        self.unknown = tokens.id(unknown)
        self.continuingPrefix = Array(continuingPrefix.utf8)
        self.characterLimit = characterLimit
        longest = (0..<tokens.count).reduce(0) { max($0, tokens.spelling($1)?.count ?? 0) }
    }

    func encode(_ word: Span<UInt8>, into ids: inout [Int32]) throws(Damage) {
        var characters = 0
        for index in word.indices where word[index] & 0xC0 != 0x80 { characters += 1 }
        let first = ids.count
        guard characters <= characterLimit else { return try appendUnknown(&ids) }
        var start = 0
        var piece: [UInt8] = []
        while start < word.count {
            piece.removeAll(keepingCapacity: true)
            if start > 0 { piece += continuingPrefix }
            let room = max(0, min(word.count - start, longest - piece.count))
            for index in start..<start + room { piece.append(word[index]) }
            var length = room
            while length > 0 {
                let isWhole = start + length == word.count || word[start + length] & 0xC0 != 0x80
                if isWhole, let id = tokens.id(piece.span) {
                    ids.append(id)
                    break
                }
                piece.removeLast()
                length -= 1
            }
            guard length > 0 else {
                ids.removeSubrange(first...)
                return try appendUnknown(&ids)
            }
            start += length
        }
    }

    private func appendUnknown(_ ids: inout [Int32]) throws(Damage) {
        guard let unknown else { throw Damage("its unk_token is not in the vocabulary", code: .encodingFailed) }
        ids.append(unknown)
    }
}
