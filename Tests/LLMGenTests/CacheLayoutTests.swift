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
        #expect(inspection.sizes?.kvLayers.map(\.elementsPerToken) == [24 + 8])
    }

    @Test func `A text of 32,768 tokens takes the blocks of its window and of one step`() async throws {
        try await withChanged(("\"max_position_embeddings\": 512", "\"max_position_embeddings\": 32768")) { folder in
            let model = try await LanguageModel.load(folder, LoadOptions(computeDtype: .float32))
            // Blocks of 640 tokens in all.
            let options = EngineOptions(kvBlocks: 40, blockSize: 16, maxNumBatchedTokens: 512)
            let engine = try Engine(model: model, options: options)
            let text = Prompt.tokenIDs((0..<32_760).map { TokenID(3 + $0 * 7 % 140) })
            let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 8)
            let output = try await engine.generate([text], parameters)[0]
            #expect(output.tokenIDs.count == 8 && output.usage.promptTokens == 32_760)
            await engine.settle()
            #expect(engine.metrics.preemptions == 0)
        }
    }

    @Test func `A model whose tensors do not fit its config is shown as one that cannot be run`() async throws {
        try await withChanged(("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")) { folder in
            let inspection = try ModelInspection(folder)
            #expect(inspection.sizes == nil)
            #expect(inspection.unsupported?.contains("model.layers.2.") == true, "\(inspection.unsupported ?? "")")
        }
    }

    /// Calls `body` with a folder of Mistral's fixture whose config has something else.
    private func withChanged(_ change: (String, String), _ body: (String) async throws -> Void) async throws {
        let fixture = Paths.fixtures.appending(path: "models/mistral-window")
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        try files.copyItem(
            at: fixture.appending(path: "model.safetensors"), to: folder.appending(path: "model.safetensors"))
        let config = try String(contentsOf: fixture.appending(path: "config.json"), encoding: .utf8)
        #expect(config.contains(change.0))
        try config.replacingOccurrences(of: change.0, with: change.1)
            .write(to: folder.appending(path: "config.json"), atomically: true, encoding: .utf8)
        try await body(folder.path)
    }
}
