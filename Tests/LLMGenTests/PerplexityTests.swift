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
        let engine = try await Fairytale.engine()
        for entry in reference.cases {
            var last = 0
            let result = try await Perplexity(window: entry.window, stride: entry.stride)
                .measure(text, engine) { done, all in
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
        func loss(_ dtype: KVCacheDtype?) async throws -> Double {
            let engine = try Engine(model: model, options: EngineOptions(kvBlocks: 8, kvCacheDtype: dtype))
            return try await Perplexity(window: 16, stride: 8).measure(text, engine).loss
        }
        var losses: [Double] = []
        for dtype in KVCacheDtype.allCases { losses.append(try await loss(dtype)) }
        #expect(Set(losses).count == 3 && losses.allSatisfy { abs($0 - losses[0]) < 0.05 })
        #expect(try await loss(nil) == losses[0])
    }

    @Test func `Windows, strides and texts that make no sense are refused with their values`() async throws {
        let engine = try await Fairytale.engine()
        func message(_ body: () async throws -> Void) async -> String {
            do {
                try await body()
                return "no error"
            } catch {
                return (error as? LLMGenError)?.message ?? "\(error)"
            }
        }
        #expect(await message { _ = try Perplexity(window: 1) }.contains("window is 1"))
        #expect(await message { _ = try Perplexity(window: 8, stride: 8) }.contains("stride is 8"))
        #expect(await message { _ = try Perplexity(window: 8, stride: 0) }.contains("stride is 0"))
        #expect(await message { _ = try await Perplexity(window: 1025).measure("Once", engine) }.contains("1024"))
        #expect(await message { _ = try await Perplexity().measure("", engine) }.contains("empty"))
    }
}
