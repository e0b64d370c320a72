internal import LLMJSON

/// A grammar that is asked about whole texts: the matcher that outputs follow, with a token for each byte.
package struct TextMatcher: Sendable {
    private let beginning: GrammarMatcher

    package init(_ grammar: Grammar) throws(GrammarError) {
        beginning = try GrammarMatcher(try CompiledGrammar(grammar, vocabulary: try .bytes()))
    }

    /// Whether the whole text matches, and how many of its bytes can begin a text that does.
    package func accepts(_ text: [UInt8]) throws(GrammarError) -> (isComplete: Bool, reached: Int) {
        var matcher = beginning
        for (place, byte) in text.enumerated() {
            do throws(GrammarError) {
                try matcher.accept(Int32(byte))
            } catch {
                guard error.code == .tokenRefused else { throw error }
                return (false, place)
            }
        }
        return (try matcher.isComplete(), text.count)
    }
}

extension TokenVocabulary {
    /// A token for each byte, which is its id, and one that ends a text.
    package static func bytes() throws(GrammarError) -> TokenVocabulary {
        try TokenVocabulary(tokens: (0...255).map { [UInt8($0)] } + [[]], special: [:], endTokens: [256])
    }
}
