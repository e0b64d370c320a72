import Foundation
import LLMModels
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

@Suite struct ConfigTests {
    private let base = Architectures.all[0].tinyConfig

    private func load(_ text: String) throws(ModelError) -> any Architecture {
        let config = try ConfigFile(data: Data(text.utf8), path: "config.json")
        return try Architectures.load(config, try DummyTensors(config, dtype: .bfloat16), on: Compute(threads: 1))
    }

    static let refusals: [(change: [String: String?], words: [String])] = [
        (["hidden_size": nil], ["config.json", "hidden_size", "missing"]),
        (["rms_norm_eps": nil], ["rms_norm_eps", "missing"]),
        (["vocab_size": "0"], ["vocab_size", "0", "from 1"]),
        (["vocab_size": "1e30"], ["vocab_size", "from 1"]),
        (["vocab_size": "97.5"], ["vocab_size", "97.5", "whole number"]),
        (["num_hidden_layers": "\"two\""], ["num_hidden_layers", "'two'", "whole number"]),
        (["num_key_value_heads": "3"], ["num_key_value_heads", "3", "divisor", "4"]),
        (["num_attention_heads": "5", "num_key_value_heads": "5"], ["hidden_size", "48", "multiple", "5"]),
        (["head_dim": "7"], ["head_dim", "7", "even"]),
        (["head_dim": "1024"], ["head_dim", "1024", "512"]),
        (["hidden_act": "\"gelu\""], ["hidden_act", "'gelu'", "silu"]),
        (["architectures": "[\"RwkvForCausalLM\"]"], ["RwkvForCausalLM", "not supported", "LlamaForCausalLM"]),
        (["architectures": nil], ["architectures", "missing"]),
        (["rope_scaling": "{\"type\": \"yarn\", \"factor\": 2}"], ["rope_scaling.type", "'yarn'", "llama3"]),
        (["rope_scaling": "{\"rope_type\": \"linear\"}"], ["rope_scaling.factor", "missing"]),
        (["rope_theta": "-1"], ["rope_theta", "-1"]),
        (["sliding_window": "64"], ["sliding_window", "64", "full attention"]),
        (["quantization_config": "{\"bits\": 4}"], ["quantization_config", "unquantized"]),
        (["attention_bias": "1"], ["attention_bias", "true or false"]),
    ]

    @Test(arguments: refusals.indices)
    func `A config the engine cannot run is refused with the key and the value`(index: Int) throws {
        let refusal = ConfigTests.refusals[index]
        var members = try #require(JSONSerialization.jsonObject(with: Data(base.utf8)) as? [String: Any])
        for (key, value) in refusal.change {
            members[key] = try value.map {
                try JSONSerialization.jsonObject(with: Data($0.utf8), options: .fragmentsAllowed)
            }
        }
        let text = String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
        let error = try #require(throws: ModelError.self) { try load(text) }
        for word in refusal.words { #expect(error.message.contains(word), "\(error.message)") }
        #expect(!error.message.contains("\n"))
    }

    @Test(arguments: ["", "[]", "{", "null", "{\"a\":", String(repeating: "[", count: 100_000)])
    func `What is not a JSON object is refused`(text: String) {
        #expect(throws: ModelError.self) { try load(text) }
    }

    @Test func `A tensor of another shape than the config's is refused with both shapes`() throws {
        let config = try ConfigFile(data: Data(base.utf8), path: "config.json")
        let wider = base.replacingOccurrences(of: "\"intermediate_size\": 80", with: "\"intermediate_size\": 81")
        let tensors = try DummyTensors(try ConfigFile(data: Data(wider.utf8), path: "config.json"))
        let error = try #require(throws: ModelError.self) {
            try Architectures.load(config, tensors, on: Compute(threads: 1))
        }
        for word in ["gate_proj", "[81, 48]", "[80, 48]"] { #expect(error.message.contains(word), "\(error.message)") }
    }

    @Test func `A missing tensor is named`() throws {
        let config = try ConfigFile(data: Data(base.utf8), path: "config.json")
        let tied = base.replacingOccurrences(
            of: "\"vocab_size\"", with: "\"tie_word_embeddings\": true, \"vocab_size\"")
        let tensors = try DummyTensors(try ConfigFile(data: Data(tied.utf8), path: "config.json"))
        let error = try #require(throws: ModelError.self) {
            try Architectures.load(config, tensors, on: Compute(threads: 1))
        }
        #expect(error.message.contains("lm_head.weight"))
    }

    @Test func `A missing file is not found, with its path`() throws {
        let error = try #require(throws: ModelError.self) { try ConfigFile(path: "nowhere/config.json") }
        #expect(error.code == .notFound && error.message.contains("nowhere/config.json"))
    }
}
