import Foundation
import LLMModels
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

@Suite struct ConfigTests {
    private let base = Architectures.all[0].tinyConfig

    private func dimensions(_ text: String) throws(ModelError) -> ModelDimensions {
        let config = try ConfigFile(bytes: Array(text.utf8), path: "config.json")
        let model = try Architectures.load(config, try DummyTensors(config, dtype: .bfloat16), on: Compute(threads: 1))
        return model.dimensions
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
        (["architectures": "[\"Qwen3MoEForCausalLM\"]"], ["the nearest by name is Qwen3MoeForCausalLM"]),
        (["architectures": nil], ["architectures", "missing"]),
        (["rope_scaling": "{\"type\": \"dynamic\", \"factor\": 2}"], ["rope_scaling.type", "'dynamic'", "llama3"]),
        (["rope_scaling": "{\"rope_type\": \"linear\"}"], ["rope_scaling.factor", "missing"]),
        (["rope_theta": "-1"], ["rope_theta", "-1"]),
        (
            ["rope_parameters": "{\"full_attention\": {\"rope_theta\": 100}}"],
            ["rope_parameters.full_attention", "all layers"]
        ),
        (["partial_rotary_factor": "0.5"], ["partial_rotary_factor", "0.5", "whole heads"]),
        (["dtype": "\"int4\""], ["dtype", "'int4'", "bfloat16"]),
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
        let error = try #require(throws: ModelError.self) { try dimensions(text) }
        for word in refusal.words { #expect(error.message.contains(word), "\(error.message)") }
        #expect(!error.message.contains("\n"))
    }

    @Test(arguments: [
        "", "[]", "{", "null", "{\"a\":", "{\"a\": 1, \"a\": 2}", String(repeating: "[", count: 100_000),
        String(repeating: "{\"a\":", count: 100_000),
    ])
    func `What is not a sound JSON object is refused`(text: String) {
        #expect(throws: ModelError.self) { try dimensions(text) }
    }

    private func changed(_ architecture: String, _ members: String) -> String {
        base.replacingOccurrences(of: "LlamaForCausalLM", with: architecture)
            .replacingOccurrences(of: "\"vocab_size\"", with: "\(members), \"vocab_size\"")
    }

    @Test func `A number beyond doubles is refused where it is used, and only there`() throws {
        #expect(throws: Never.self) { try dimensions(changed("LlamaForCausalLM", "\"unused\": 1e400")) }
        let error = try #require(throws: ModelError.self) {
            try dimensions(changed("LlamaForCausalLM", "\"rope_theta\": 1e400"))
        }
        #expect(error.message.contains("rope_theta is inf"))
    }

    static let expertRefusals: [(architecture: String, members: String, words: [String])] = [
        ("Qwen2MoeForCausalLM", #""use_sliding_window": true"#, ["use_sliding_window", "layer_types"]),
        ("Qwen3MoeForCausalLM", #""num_experts": 4, "num_experts_per_tok": 5"#, ["num_experts_per_tok", "5", "4"]),
        ("DeepseekV3ForCausalLM", #""scoring_func": "softmax""#, ["scoring_func", "'softmax'", "sigmoid"]),
        ("DeepseekV3ForCausalLM", #""topk_method": "greedy""#, ["topk_method", "'greedy'", "noaux_tc"]),
        ("DeepseekV3ForCausalLM", #""n_routed_experts": 8, "n_group": 3"#, ["n_group", "3", "divisor"]),
        ("Glm4MoeForCausalLM", #""moe_layer_freq": 2"#, ["moe_layer_freq", "2"]),
        (
            "GptOssForCausalLM", #""rope_scaling": {"rope_type": "default"}, "hidden_act": "gelu""#,
            ["hidden_act", "'gelu'"]
        ),
        ("GptOssForCausalLM", "", ["rope_scaling", "missing"]),
        ("GraniteMoeForCausalLM", #""logits_scaling": 0"#, ["logits_scaling", "0"]),
    ]

    @Test(arguments: expertRefusals.indices)
    func `What an architecture with experts cannot run is refused with the key`(index: Int) throws {
        let (architecture, members, words) = ConfigTests.expertRefusals[index]
        let needed = #""moe_intermediate_size": 24, "shared_expert_intermediate_size": 24"#
        let text = changed(architecture, members.isEmpty ? needed : "\(needed), \(members)")
        let error = try #require(throws: ModelError.self) { try dimensions(text) }
        for word in words { #expect(error.message.contains(word), "\(error.message)") }
    }

    static let windows: [(architecture: String, members: String, windows: [Int?])] = [
        ("MistralForCausalLM", "\"sliding_window\": 64", [64, 64]),
        ("MistralForCausalLM", "\"sliding_window\": 4096", [4096, 4096]),
        ("MistralForCausalLM", "\"sliding_window\": null", [nil, nil]),
        ("MistralForCausalLM", "\"head_dim\": 12", [4096, 4096]),
        ("MixtralForCausalLM", "\"head_dim\": 12", [nil, nil]),
        ("Qwen2ForCausalLM", "\"sliding_window\": 64", [nil, nil]),
        ("Qwen2ForCausalLM", "\"sliding_window\": 64, \"use_sliding_window\": false", [nil, nil]),
        ("Qwen2ForCausalLM", "\"sliding_window\": 64, \"use_sliding_window\": true", [nil, nil]),
        (
            "Qwen2ForCausalLM", "\"sliding_window\": 64, \"use_sliding_window\": true, \"max_window_layers\": 1",
            [nil, 64]
        ),
        (
            "Qwen3ForCausalLM",
            "\"sliding_window\": 64, \"use_sliding_window\": true, \"layer_types\": "
                + "[\"sliding_attention\", \"full_attention\"]",
            [64, nil]
        ),
        ("Gemma2ForCausalLM", "\"sliding_window\": 64", [64, nil]),
        ("LlamaForCausalLM", "\"sliding_window\": 64", [nil, nil]),
    ]

    @Test(arguments: windows.indices)
    func `Layers have the windows that the config gives them`(index: Int) throws {
        let (architecture, members, windows) = ConfigTests.windows[index]
        let config = try ConfigFile(bytes: Array(changed(architecture, members).utf8), path: "config.json")
        let layout = try Architectures.architecture(config).describe(config).cacheLayout
        // Layers that are alike are in one group, in the order in which the first of them comes.
        var distinct: [Int?] = []
        for window in windows where !distinct.contains(window) { distinct.append(window) }
        #expect(layout.groups.map(\.window) == distinct)
        #expect(layout.groups.map(\.layers) == distinct.map { window in windows.count { $0 == window } })
    }

    @Test func `What a config leaves out is what its class in transformers has`() throws {
        let bare = base.replacingOccurrences(of: "\"num_key_value_heads\": 2, ", with: "")
            .replacingOccurrences(of: "\"num_attention_heads\": 4", with: "\"num_attention_heads\": 8")
        #expect(try dimensions(bare).kvHeads == 8)
        let wide = bare.replacingOccurrences(
            of: "\"num_attention_heads\": 8", with: "\"num_attention_heads\": 16, \"head_dim\": 4")
        let mistral = wide.replacingOccurrences(of: "LlamaForCausalLM", with: "MistralForCausalLM")
        #expect(try dimensions(mistral).kvHeads == 8)
        let qwen3 = base.replacingOccurrences(of: "LlamaForCausalLM", with: "Qwen3ForCausalLM")
        #expect(try dimensions(qwen3).headDim == 128)
    }

    @Test func `A tensor of another shape than the config's is refused with both shapes`() throws {
        let config = try ConfigFile(bytes: Array(base.utf8), path: "config.json")
        let wider = base.replacingOccurrences(of: "\"intermediate_size\": 80", with: "\"intermediate_size\": 81")
        let tensors = try DummyTensors(try ConfigFile(bytes: Array(wider.utf8), path: "config.json"))
        let error = try #require(throws: ModelError.self) {
            _ = try Architectures.load(config, tensors, on: Compute(threads: 1))
        }
        for word in ["gate_proj", "[81, 48]", "[80, 48]"] { #expect(error.message.contains(word), "\(error.message)") }
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

    @Test func `A missing file is not found, with its path`() throws {
        let error = try #require(throws: ModelError.self) { try ConfigFile(path: "nowhere/config.json") }
        #expect(error.code == .notFound && error.message.contains("nowhere/config.json"))
    }
}
