import LLMGrammar
import Testing

/// The page docs/structured-output.md.
@Suite struct DocumentedExampleTests {
    @Test func `The documented example comes out`() throws {
        let texts = ["n", "no", "ye", "s", " s", "ir", "so", ""]
        let vocabulary = try TokenVocabulary(tokens: texts.map { Array($0.utf8) }, special: [:], endTokens: [7])
        let grammar = try CompiledGrammar(Grammar(pattern: "(no|yes)( sir)?"), vocabulary: vocabulary)
        var matcher = try GrammarMatcher(grammar)
        let steps: [(allowed: [Int32], token: Int32)] = [
            ([0, 1, 2], 2), ([3], 3), ([4, 7], 4), ([5], 5), ([7], 7),
        ]
        for (allowed, token) in steps {
            var mask = TokenMask(count: texts.count)
            #expect(try matcher.mask(into: &mask) == .ready(count: allowed.count))
            #expect(mask.tokens() == allowed)
            try matcher.accept(token)
        }
        #expect(matcher.isFinished)
    }
}
