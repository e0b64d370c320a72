import LLMModels
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

/// A config beside the tensors that it is to describe.
@Suite struct CheckpointConfigTests {
    private let base = Architectures.all[0].tinyConfig

    @Test func `A tensor of another shape than the config's is refused with both shapes`() throws {
        let config = try ConfigFile(bytes: Array(base.utf8), path: "config.json")
        let wider = base.replacingOccurrences(of: "\"intermediate_size\": 80", with: "\"intermediate_size\": 81")
        let tensors = try DummyTensors(try ConfigFile(bytes: Array(wider.utf8), path: "config.json"))
        let error = try #require(throws: ModelError.self) {
            _ = try Architectures.load(config, tensors, on: Compute(threads: 1))
        }
        for word in ["gate_proj", "[81, 48]", "[80, 48]"] { #expect(error.message.contains(word), "\(error.message)") }
    }

    /// Two layers by the config, and more in the checkpoint.
    static let further: [(layers: Int, names: [String: [Int]], words: [String]?)] = [
        (3, [:], ["has 3 of 'model.layers.N'", "model.layers.2.", "makes 2"]),
        (5, [:], ["has 5 of 'model.layers.N'", "makes 2"]),
        // What predicts a further token is passed over.
        (3, ["model.layers.2.eh_proj.weight": [48, 96]], nil),
        (2, ["model.layers.2.unknown.weight": [3]], nil),
    ]

    @Test(arguments: further.indices)
    func `A checkpoint of more layers than the config has is refused with both numbers`(index: Int) throws {
        let (layers, names, words) = CheckpointConfigTests.further[index]
        func config(_ layers: Int) throws -> ConfigFile {
            let text = base.replacingOccurrences(
                of: "\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": \(layers)")
            return try ConfigFile(bytes: Array(text.utf8), path: "config.json")
        }
        let tensors = MoreTensors(stored: try DummyTensors(config(layers)), names: names)
        func load() throws {
            _ = try Architectures.load(config(2), tensors, on: Compute(threads: 1))
        }
        guard let words else { return try load() }
        let error = try #require(throws: ModelError.self, performing: load)
        #expect(error.code == .invalidWeights)
        for word in words { #expect(error.message.contains(word), "\(error.message)") }
    }

    /// A checkpoint that has other tensors too.
    private struct MoreTensors: NamedTensors {
        let stored: DummyTensors
        let names: [String: [Int]]

        var tensors: [TensorInfo] {
            stored.tensors + names.map { TensorInfo(name: $0.key, shape: $0.value, dtype: .bfloat16) }
        }
        func info(named name: String) -> TensorInfo? { tensors.first { $0.name == name } }
        func tensor(named name: String) throws(WeightsError) -> TensorView { try stored.tensor(named: name) }
    }

    @Test func `A missing tensor is named`() throws {
        let config = try ConfigFile(bytes: Array(base.utf8), path: "config.json")
        let tied = base.replacingOccurrences(
            of: "\"vocab_size\"", with: "\"tie_word_embeddings\": true, \"vocab_size\"")
        let tensors = try DummyTensors(try ConfigFile(bytes: Array(tied.utf8), path: "config.json"))
        let error = try #require(throws: ModelError.self) {
            _ = try Architectures.load(config, tensors, on: Compute(threads: 1))
        }
        #expect(error.message.contains("lm_head.weight"))
    }
}
