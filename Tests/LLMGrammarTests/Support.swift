import LLMGrammar
import LLMTestSupport

/// A vocabulary of small texts: every byte of `alphabet`, and random texts over it.
func vocabulary(
    alphabet: String, longer: Int, seed: UInt64, extra: [String] = []
) throws -> (TokenVocabulary, tokens: [[UInt8]]) {
    var random = SeededGenerator(seed: seed)
    let bytes = Array(alphabet.utf8)
    var tokens: [[UInt8]] = [[]] + bytes.map { [$0] } + extra.map { Array($0.utf8) }
    for _ in 0..<longer {
        tokens.append((0..<Int.random(in: 2...5, using: &random)).map { _ in bytes.randomElement(using: &random)! })
    }
    tokens.append(Array("<end>".utf8))
    tokens.append(Array("<|tool|>".utf8))
    let end = Int32(tokens.count - 2)
    let vocabulary = try TokenVocabulary(
        tokens: tokens, special: ["<end>": end, "<|tool|>": end + 1], endTokens: [end])
    return (vocabulary, tokens)
}

extension GrammarMatcher {
    /// The mask, asked for without a limit.
    mutating func mask() throws -> TokenMask {
        var mask = TokenMask(count: grammar.vocabulary.count)
        guard case .ready = try self.mask(into: &mask) else { throw GrammarError(.tooComplex, "no mask") }
        return mask
    }

    /// Accepts the tokens of single bytes that spell `text`.
    mutating func accept(_ text: String, in tokens: [[UInt8]]) throws {
        for byte in text.utf8 {
            guard let token = tokens.firstIndex(of: [byte]) else { throw GrammarError(.tokenRefused, "no such byte") }
            try accept(Int32(token))
        }
    }
}

/// Whether a grammar matches a whole text, fed byte by byte.
func matches(_ grammar: Grammar, _ text: String) throws -> Bool {
    try TextMatcher(grammar).accepts(Array(text.utf8)).isComplete
}
