internal import LLMJSON

/// The bytes of a tokenizer's tokens, sorted for masks; made once for each tokenizer.
///
/// Special tokens and end tokens are never spelled by bytes, and tokens without bytes are never allowed. Tokens with the
/// same bytes are allowed together.
package final class TokenVocabulary: Sendable {
    /// How many ids there are.
    package let count: Int
    /// The tokens that end an output, in order.
    package let endTokens: [Int32]
    /// The special tokens by their names.
    package let specialTokens: [String: Int32]

    /// The bytes of each token of text; empty for those that text does not spell.
    let bytes: [[UInt8]]
    /// The bytes of the longest token.
    let longestToken: Int
    /// The tokens of each slice of ``TextSlice``, then those in none.
    let tries: [TokenTrie]
    /// The tokens of each slice.
    let sliceMasks: [TokenMask]
    /// All tokens of text.
    let textMask: TokenMask
    /// Tokens that are spelled as another is: (the one in the trie, the other).
    let duplicates: [(first: Int32, other: Int32)]

    /// - Parameters:
    ///   - tokens: the bytes of each token, by id.
    ///   - special: the names of tokens that text does not spell.
    ///   - endTokens: the tokens that end an output.
    package init(tokens: [[UInt8]], special: [String: Int32], endTokens: [Int32]) throws(GrammarError) {
        let limit = 1 << 21
        guard tokens.count <= limit else {
            throw GrammarError(
                .refused, "the vocabulary has \(tokens.count) tokens; grammars can follow at most \(limit)")
        }
        let ids = Int32(0)..<Int32(tokens.count)
        self.count = tokens.count
        self.endTokens = Set(endTokens).filter(ids.contains).sorted()
        specialTokens = special.filter { ids.contains($0.value) }
        var bytes = tokens
        for token in Array(specialTokens.values) + self.endTokens { bytes[Int(token)] = [] }
        for token in bytes.indices where bytes[token].count > TokenTrie.longestToken { bytes[token] = [] }
        self.bytes = bytes
        longestToken = bytes.reduce(1) { max($0, $1.count) }

        let sorted = bytes.indices.filter { !bytes[$0].isEmpty }.sorted { a, b in
            bytes[a] == bytes[b] ? a < b : bytes[a].lexicographicallyPrecedes(bytes[b])
        }
        var parts = [[(bytes: [UInt8], token: Int32)]](repeating: [], count: TextSlice.all.count + 1)
        var masks = [TokenMask](repeating: TokenMask(count: tokens.count), count: TextSlice.all.count)
        var text = TokenMask(count: tokens.count)
        var duplicates: [(Int32, Int32)] = []
        var previous: Int?
        for token in sorted {
            text.insert(Int32(token))
            let slice = TextSlice.index(of: bytes[token])
            if let slice { masks[slice].insert(Int32(token)) }
            if let previous, bytes[previous] == bytes[token] {
                duplicates.append((Int32(previous), Int32(token)))
                continue
            }
            previous = token
            parts[slice ?? TextSlice.all.count].append((bytes[token], Int32(token)))
        }
        tries = parts.map { TokenTrie($0) }
        if let large = tries.first(where: { $0.nodes.count >= TokenTrie.nodeLimit }) {
            throw GrammarError(
                .refused,
                "the vocabulary's tokens take \(large.nodes.count) nodes; grammars can follow at most "
                    + "\(TokenTrie.nodeLimit - 1)")
        }
        sliceMasks = masks
        textMask = text
        self.duplicates = duplicates
    }
}
