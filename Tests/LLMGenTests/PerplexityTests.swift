import Foundation
import LLMGen
import LLMTestSupport
import Testing

@Suite struct PerplexityTests {
    struct Reference: Decodable {
        struct Case: Decodable {
            let window: Int
            let stride: Int
            let loss: Double
            let tokens: Int
        }
        let characters: Int
        let cases: [Case]
    }

    @Test func `The loss over a text is that of transformers, window by window`() async throws {
        let data = try Data(contentsOf: Paths.fixtures.appending(path: "perplexity/reference.json"))
        let reference = try JSONDecoder().decode(Reference.self, from: data)
        let file = Paths.root.appending(path: "Benchmarks/data/validation.txt")
        let text = String(try String(contentsOf: file, encoding: .utf8).unicodeScalars.prefix(reference.characters))
        let model = try await Fairytale.load()
        for entry in reference.cases {
            var last = 0
            let result = try Perplexity(window: entry.window, stride: entry.stride)
                .measure(text, model) { done, all in
                    #expect(done > last && done <= all)
                    last = done
                }
            #expect(result.tokens == entry.tokens && last == entry.tokens + 1)
            #expect(abs(result.loss - entry.loss) < 1e-5)
            #expect(abs(result.perplexity - exp(result.loss)) < 1e-9)
        }
    }

    @Test func `The loss is that of the cache's type, which rounding moves a little`() async throws {
        let model = try await Fairytale.load()
        let text = "Once upon a time there was a king who had three daughters."
        let losses = try KVCacheDtype.allCases.map {
            try Perplexity(window: 16, stride: 8).measure(text, model, kvCacheDtype: $0).loss
        }
        #expect(Set(losses).count == 3 && losses.allSatisfy { abs($0 - losses[0]) < 0.05 })
        #expect(try Perplexity(window: 16, stride: 8).measure(text, model).loss == losses[0])
    }

    @Test func `Windows, strides and texts that make no sense are refused with their values`() async throws {
        let model = try await Fairytale.load()
        func message(_ body: () throws -> Void) throws -> String {
            try #require(throws: LLMGenError.self, performing: body).message
        }
        #expect(try message { _ = try Perplexity(window: 1) }.contains("window is 1"))
        #expect(try message { _ = try Perplexity(window: 8, stride: 8) }.contains("stride is 8"))
        #expect(try message { _ = try Perplexity(window: 8, stride: 0) }.contains("stride is 0"))
        #expect(try message { _ = try Perplexity(window: 1025).measure("Once", model) }.contains("1024"))
        #expect(try message { _ = try Perplexity().measure("", model) }.contains("empty"))
    }
}
