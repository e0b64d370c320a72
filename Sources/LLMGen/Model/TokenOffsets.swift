import LLMTokenizer

/// Where the tokens of a text stand in it: a token begins after the characters that those before it settle.
///
/// A special token that is left out of the text, and a byte that is part of a character, settle nothing themselves; so
/// they stand where what follows them does. For "é" as two byte tokens both offsets are that of the "é".
package struct TokenOffsets: Sendable {
    private var decoder: StreamDecoder?
    /// Characters (Unicode scalars) that are settled so far.
    package private(set) var offset: Int

    /// The offsets of tokens that follow `prompt`, whose text has `start` characters before them.
    package init(_ model: LanguageModel, after prompt: [TokenID] = [], start: Int = 0, skipsSpecialTokens: Bool) {
        decoder = model.tokenizer.map {
            StreamDecoder(tokenizer: $0, prompt: prompt, skipSpecialTokens: skipsSpecialTokens)
        }
        offset = start
    }

    /// The offset of the next token.
    package mutating func append(_ token: TokenID) -> Int {
        defer { offset += decoder?.append(token).unicodeScalars.count ?? 0 }
        return offset
    }
}
