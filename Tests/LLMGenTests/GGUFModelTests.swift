import Foundation
import LLMGen
import LLMTestSupport
import LLMWeights
import Testing

/// GGUF files of the fixtures' models, made by `Tests/Fixtures/models/make_gguf.py`, against the folders they are made of.
@Suite struct GGUFModelTests {
    struct Pair: Sendable, CustomTestStringConvertible {
        let file: String
        let folder: String
        var options = LoadOptions(computeDtype: .float32)

        var testDescription: String { file }
    }

    static let pairs = [
        Pair(file: "llama-bias-f32", folder: "llama-bias"),
        Pair(file: "llama-linear-rope-f32", folder: "llama-linear-rope"),
        Pair(file: "qwen3-tied-f32", folder: "qwen3-tied"),
        Pair(file: "llama-tied-bf16-bf16", folder: "llama-tied-bf16"),
        Pair(
            file: "llama-tied-bf16-bf16", folder: "llama-tied-bf16",
            options: LoadOptions(computeDtype: .bfloat16)),
        Pair(file: "llama-tied-bf16-split-00001-of-00002", folder: "llama-tied-bf16"),
        Pair(file: "llama-tied-bf16-split-00002-of-00002", folder: "llama-tied-bf16"),
        Pair(file: "llama-f16-f16", folder: "llama-f16"),
        // The folder's weights get the values that the file has.
        Pair(file: "llama-q8_0", folder: "llama", options: LoadOptions(quantization: .q8_0)),
        Pair(file: "qwen2-q8_0", folder: "qwen2", options: LoadOptions(quantization: .q8_0)),
        Pair(file: "qwen3-q8_0", folder: "qwen3", options: LoadOptions(quantization: .q8_0)),
    ]

    @Test(arguments: pairs)
    func `A GGUF file gives the bits of the folder it is made of`(pair: Pair) async throws {
        let models = Paths.fixtures.appending(path: "models")
        let file = try await LanguageModel.load(
            models.appending(path: "gguf/\(pair.file).gguf").path, pair.options)
        let folder = try await LanguageModel.load(
            models.appending(path: pair.folder).path, pair.options)
        #expect(
            file.architectureName == folder.architectureName && file.arithmetic == folder.arithmetic)
        #expect(
            file.vocabularySize == folder.vocabularySize && file.maxPositions == folder.maxPositions)
        #expect(file.automaticKVCacheDtype == folder.automaticKVCacheDtype)
        #expect(try await results(of: file) == results(of: folder))
    }

    @Test func `A file of mixed types runs as it is stored, the same alone and in a batch`()
        async throws
    {
        let path = Paths.fixtures.appending(path: "models/gguf/llama-mixed.gguf").path
        let model = try await LanguageModel.load(path)
        #expect(model.quantization == nil)
        let engine = try Engine(model: model)
        let together = try await engine.generate(GGUFModelTests.prompts, GGUFModelTests.parameters())
        for (prompt, output) in zip(GGUFModelTests.prompts, together) {
            let alone = try await engine.generate([prompt], GGUFModelTests.parameters())
            #expect(alone[0].outputs[0].tokenIDs == output.outputs[0].tokenIDs)
            #expect(alone[0].outputs[0].logprobs == output.outputs[0].logprobs)
        }
    }

    @Test(arguments: ["llama-q8_0", "llama-mixed"])
    func `Weights of a GGUF file may be quantized further`(name: String) async throws {
        let path = Paths.fixtures.appending(path: "models/gguf/\(name).gguf").path
        for packing in LoadOptions.quantizations {
            let model = try await LanguageModel.load(path, LoadOptions(quantization: packing))
            #expect(try await !results(of: model).isEmpty && model.arithmetic == .int8)
        }
    }

    @Test func `Random weights have the shape that the metadata say`() async throws {
        let path = Paths.fixtures.appending(path: "models/gguf/qwen2-q8_0.gguf").path
        let model = try await LanguageModel.load(path, LoadOptions(loadFormat: .dummy))
        #expect(model.vocabularySize == 320 && model.hiddenSize == 64)
    }

    @Test func `A file says how texts are pooled, and a reranker's pooling is refused by name`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func model(_ pooling: UInt32) async throws -> LanguageModel {
            let path = folder.appending(path: "\(pooling).gguf").path
            try write(pooling: pooling, to: path)
            return try await LanguageModel.load(path)
        }
        let poolings: [(UInt32, Pooling)] = [(0, .mean), (1, .mean), (2, .first), (3, .last)]
        for (number, pooling) in poolings {
            let format = try await model(number).embeddingFormat
            #expect(format.pooling == pooling)
        }
        let reranker = try await model(4)
        let error = try #require(throws: LLMGenError.self) { try reranker.embeddingFormat }
        #expect(error.message.contains("'qwen3.pooling_type' is 4"), "\(error)")
    }

    /// Writes a fixture's file with `pooling_type` among its keys.
    private func write(pooling: UInt32, to path: String) throws {
        let file = try GGUFFile(path: Paths.fixtures.appending(path: "models/gguf/qwen3-tied-f32.gguf").path)
        var metadata: [GGUFWriter.Entry] = []
        for key in file.metadata.keys {
            if let value = try file.metadata.stored(key) { metadata.append((key, value)) }
        }
        metadata.append(("qwen3.pooling_type", .uint32(pooling)))
        let writer = try GGUFWriter(path: path, metadata: metadata, tensors: file.tensors)
        for tensor in file.tensors { try writer.append(file.tensor(named: tensor.name).withBytes { Array($0) }) }
        try writer.finish()
    }

    private static let prompts: [Prompt] = [
        .tokenIDs([1, 17, 42, 99, 5]), .tokenIDs([7]),
        .tokenIDs((0..<40).map { TokenID($0 * 3 % 150) }),
    ]

    private static func parameters() throws -> SamplingParameters {
        try SamplingParameters(
            temperature: 0, ignoreEOS: true, maxTokens: 12, logprobs: 3, promptLogprobs: 2)
    }

    /// Tokens and log probabilities, of prompts too.
    private func results(of model: LanguageModel) async throws -> [String] {
        let engine = try Engine(model: model)
        return try await engine.generate(GGUFModelTests.prompts, GGUFModelTests.parameters()).map {
            output in
            "\(output.outputs[0].tokenIDs) \(output.outputs[0].logprobs ?? []) \(output.promptLogprobs ?? [])"
        }
    }
}
