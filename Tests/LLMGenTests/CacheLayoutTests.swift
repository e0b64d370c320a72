import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// What a model's layers cache decides how many blocks its sequences need.
@Suite struct CacheLayoutTests {
    private func load(_ fixture: String) async throws -> LanguageModel {
        let folder = Paths.fixtures.appending(path: "models/\(fixture)")
        return try await LanguageModel.load(folder.path, LoadOptions(computeDtype: .float32))
    }

    private let prompt = Prompt.tokenIDs((0..<96).map { TokenID(3 + $0 * 7 % 140) })

    @Test func `Where every layer has a window, a sequence of any length runs in the blocks of its window`()
        async throws
    {
        let model = try await load("mistral-window")
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 200)
        let roomy = try Engine(model: model, options: EngineOptions(blockSize: 16))
        let wanted = try await roomy.generate([prompt], parameters)[0].tokenIDs
        // 296 tokens of 16 a block would take 19.
        let tight = try Engine(model: model, options: EngineOptions(kvBlocks: 3, blockSize: 16))
        #expect(tight.lengthLimit == 512)
        #expect(try await tight.generate([prompt], parameters)[0].tokenIDs == wanted)
        await tight.settle()
        #expect(tight.metrics.usedBlocks == 0 && tight.metrics.preemptions == 0)
    }

    @Test func `Layers with a window have blocks for the windows of all sequences, not for all tokens`() async throws {
        let options = EngineOptions(blockSize: 16, maxNumSeqs: 2, maxNumBatchedTokens: 64)
        let engine = try Engine(model: try await load("gemma2"), options: options)
        // The first layer has a window of 16: at most 2 blocks a sequence, and 4 for a step's tokens.
        #expect(engine.kvCacheSizing.groupBlockCounts == [8, 64])
    }

    @Test func `Of a token, latent attention caches the latent and the rotated part alone`() throws {
        let folder = Paths.fixtures.appending(path: "models/deepseek-v2")
        let inspection = try ModelInspection(folder.path)
        #expect(inspection.sizes?.kvBytesPerToken == 3 * (24 + 8) * 4)
    }
}
