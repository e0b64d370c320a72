import Foundation
import LLMModels
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

/// Tiny quantized models against what transformers computes with their weights, which the formats' packages dequantized;
/// see Tests/Fixtures/weights/make_quantized_hf.py.
@Suite struct QuantizedModelTests {
    private struct Reference: Decodable {
        let prompt: [Int32]
        let logits: [[Float]]
    }

    @Test(arguments: ["awq", "fp8", "gptq", "mxfp4", "nf4", "w4a16", "w8a8"])
    func `Logits of a quantized model equal those of transformers`(name: String) throws {
        let folder = Paths.fixtures.appending(path: "models/quantized/\(name)")
        let data = try Data(contentsOf: folder.appending(path: "logits.json"))
        let reference = try JSONDecoder().decode(Reference.self, from: data)
        // In float32, as the reference is: weights that are held as integers may be multiplied by rounded activations.
        let driver = try ModelDriver(folder: folder, format: LinearFormat(packing: .float32))
        let logits = driver.logits([reference.prompt])[0]
        #expect(logits.count == reference.logits.count)
        for (ours, theirs) in zip(logits, reference.logits) {
            let bound = 2e-4 * (theirs.map(abs).max() ?? 0)
            #expect(zip(ours, theirs).allSatisfy { abs($0 - $1) < bound })
        }
    }

    @Test func `Experts of gpt-oss in 4 bits stay as they are stored`() throws {
        let folder = Paths.fixtures.appending(path: "models/quantized/mxfp4")
        let config = try ConfigFile(path: folder.appending(path: "config.json").path)
        let tensors = try config.tensors(of: Checkpoint(path: folder.path))
        let experts = try tensors.tensor(named: "model.layers.0.mlp.experts.gate_up_proj.weight")
        #expect(experts.dtype == .mxfp4 && experts.shape == [4, 64, 64])
        let logits = try ModelDriver(folder: folder).logits([[1, 17, 42]])
        #expect(logits.joined().joined().allSatisfy { $0.isFinite })
    }
}
