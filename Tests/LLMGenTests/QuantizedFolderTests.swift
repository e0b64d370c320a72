import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// Quantized folders as the library loads and shows them.
@Suite struct QuantizedFolderTests {
    private static let models = Paths.fixtures.appending(path: "models/quantized")

    @Test func `An inspection has the method, the bits and the weights that parts stand for`() throws {
        let inspection = try ModelInspection(Self.models.appending(path: "gptq").path)
        #expect(
            inspection.quantization.map { [$0.method, "\($0.bits)", $0.details] }
                == ["gptq", "[4]", "groups of 32, with zeros, ordered by activation"])
        #expect(inspection.types.map(\.dtype) == ["gptq 4-bit", "BF16"])
        #expect(inspection.parameters == 77120 && inspection.unsupported == nil && inspection.sizes?.layers == 2)
    }

    @Test(arguments: ["awq", "nf4"]) func `A quantized folder generates`(name: String) async throws {
        let model = try await LanguageModel.load(Self.models.appending(path: name).path)
        let prompts = [Prompt.tokenIDs([5, 6, 7])]
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 4)
        let outputs = try await Engine(model: model).generate(prompts, parameters)
        #expect(outputs[0].outputs[0].tokenIDs.count == 4)
    }

    @Test func `A method that is not read is refused by name, with those that are`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: Self.models.appending(path: "awq"), to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        let config = folder.appending(path: "config.json")
        let text = try String(contentsOf: config, encoding: .utf8).replacing("\"awq\"", with: "\"quip\"")
        try Data(text.utf8).write(to: config)
        let error = try await #require(throws: LLMGenError.self) { try await LanguageModel.load(folder.path) }
        #expect(error.message.contains("'quip'") && error.message.contains("gptq (4 and 8 bits)"), "\(error.message)")
        let inspection = try ModelInspection(folder.path)
        #expect(inspection.unsupported == error.message && inspection.sizes == nil && inspection.quantization == nil)
    }
}
