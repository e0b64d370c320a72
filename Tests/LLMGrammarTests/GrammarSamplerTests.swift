import LLMGrammar
import Testing

@Suite struct GrammarSamplerTests {
    @Test func `Random texts of a grammar are accepted byte by byte, up to an end`() throws {
        let vocabulary = try TokenVocabulary(
            tokens: (0...255).map { [UInt8($0)] } + [[]], special: [:], endTokens: [256])
        let grammars = [
            try Grammar(pattern: "[a-c]{2,4}(-[0-9]+)?"), try Grammar(choices: ["one", "two", "three"]),
            try Grammar(gbnf: "root ::= \"(\" root \")\" | [x-z]", specialTokens: [:]),
        ]
        for grammar in grammars {
            var sampler = GrammarSampler(grammar, seed: 9)
            let start = try GrammarMatcher(CompiledGrammar(grammar, vocabulary: vocabulary))
            for _ in 0..<50 {
                let text = try #require(try sampler.next())
                var matcher = start
                for byte in text { try matcher.accept(Int32(byte)) }
                try matcher.accept(256)
                #expect(matcher.isFinished)
            }
        }
    }

    @Test func `A grammar without an end has no text, and one way without an end does not hide the other`() throws {
        var endless = GrammarSampler(try Grammar(gbnf: "root ::= \"a\" root", specialTokens: [:]), seed: 1)
        #expect(try endless.next() == nil)
        let ways = try Grammar(gbnf: "root ::= x | y\nx ::= \"x\" x\ny ::= \"y\"", specialTokens: [:])
        for seed in 0..<4 {
            var sampler = GrammarSampler(ways, seed: UInt64(seed))
            #expect(try sampler.next() == Array("y".utf8))
        }
    }
}
