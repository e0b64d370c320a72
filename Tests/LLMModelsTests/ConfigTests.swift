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
        (["rope_scaling": "{\"type\": \"ntk\", \"factor\": 2}"], ["rope_scaling.type", "'ntk'", "llama3"]),
        (["rope_scaling": "{\"type\": \"dynamic\", \"alpha\": 1000}"], ["rope_scaling.alpha", "1000", "factor"]),
        (["rope_scaling": "{\"rope_type\": \"linear\"}"], ["rope_scaling.factor", "missing"]),
        (["rope_theta": "-1"], ["rope_theta", "-1"]),
        (["is_causal": "false"], ["is_causal", "false", "a decoder's attention is causal"]),
        (
            ["use_bidirectional_attention": "true"],
            ["use_bidirectional_attention", "true", "a decoder's attention is causal"]
        ),
        (
            ["rope_parameters": "{\"full_attention\": {\"rope_theta\": 100}}"],
            ["rope_parameters.full_attention", "all layers"]
        ),
        (["partial_rotary_factor": "0.5"], ["partial_rotary_factor", "0.5", "whole heads"]),
        (
            [
                "rope_scaling":
                    "{\"type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [1, 2, 3]}",
                "original_max_position_embeddings": "64",
            ], ["long_factor", "3 factors", "each rotated pair, 6"]
        ),
        (
            ["rope_scaling": "{\"type\": \"su\", \"short_factor\": [1], \"long_factor\": [1, 2, 3]}"],
            ["original_max_position_embeddings", "missing"]
        ),
        (["architectures": "[\"GPT2LMHeadModel\"]", "n_head": "0"], ["n_head", "0", "from 1"]),
        (["architectures": "[\"GPTJForCausalLM\"]", "rotary_dim": "null"], ["rotary_dim", "not supported"]),
        (
            ["architectures": "[\"FalconForCausalLM\"]", "apply_residual_connection_post_layernorm": "true"],
            ["apply_residual_connection_post_layernorm", "true", "no norm"]
        ),
        (["architectures": "[\"MptForCausalLM\"]"], ["attn_config", "missing"]),
        (
            ["architectures": "[\"MptForCausalLM\"]", "attn_config": "{\"alibi\": false}"],
            ["attn_config.alibi", "false", "linear biases"]
        ),
        (
            ["architectures": "[\"MptForCausalLM\"]", "attn_config": "{\"qk_ln\": true}"],
            ["attn_config.qk_ln", "true", "norms"]
        ),
        (
            ["architectures": "[\"MiniCPMForCausalLM\"]", "sparse_config": "{\"topk\": 64}"],
            ["sparse_config", "not supported", "dense"]
        ),
        (
            [
                "architectures": "[\"Mistral3ForConditionalGeneration\"]",
                "text_config": "{\"model_type\": \"ministral3\"}",
            ], ["text_config.model_type", "'ministral3'", "mistral"]
        ),
        (["architectures": "[\"OPTForCausalLM\"]", "word_embed_proj_dim": "24"], ["word_embed_proj_dim", "24"]),
        (
            [
                "architectures": "[\"Phi3ForCausalLM\"]", "rope_scaling": "{\"type\": \"yarn\"}", "mlp_bias": nil,
                "attention_bias": nil,
            ], ["rope_scaling.type", "'yarn'", "longrope"]
        ),
        (["dtype": "\"int4\""], ["dtype", "'int4'", "bfloat16"]),
        (["attention_bias": "1"], ["attention_bias", "true or false"]),
        (["architectures": "[\"GemmaForCausalLM\"]", "hidden_act": "\"relu\""], ["hidden_act", "gelu_pytorch_tanh"]),
        (["architectures": "[\"OlmoForCausalLM\"]", "clip_qkv": "-8"], ["clip_qkv", "-8", "from 0"]),
        (["architectures": "[\"SmolLM3ForCausalLM\"]", "no_rope_layers": "[1]"], ["no_rope_layers", "at least", "2"]),
        (["architectures": "[\"Cohere2ForCausalLM\"]", "use_qk_norm": "true"], ["use_qk_norm", "true", "false"]),
        (
            ["architectures": "[\"Cohere2ForCausalLM\"]", "position_embedding_type": "\"rope_neox\""],
            ["position_embedding_type", "'rope_neox'", "rope_gptj"]
        ),
        (
            ["architectures": "[\"Olmo3ForCausalLM\"]", "rope_parameters": "{\"rope_type\": \"default\"}"],
            ["rope_parameters.full_attention", "missing"]
        ),
        (
            ["architectures": "[\"Gemma3ForCausalLM\"]", "attn_logit_softcapping": "50"],
            ["attn_logit_softcapping", "50", "no cap"]
        ),
        (["architectures": "[\"Gemma3ForConditionalGeneration\"]"], ["text_config", "missing"]),
        (
            [
                "architectures": "[\"Gemma3ForConditionalGeneration\"]",
                "text_config": "{\"final_logit_softcapping\": 30}",
            ], ["text_config.final_logit_softcapping", "30", "no cap"]
        ),
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

    @Test func `Of LongRoPE's factors one set serves a model, by the longest text that it is made for`() throws {
        let tiny = try #require(Architectures.all.first { $0.name == "Phi3ForCausalLM" }).tinyConfig
        func logits(_ positions: Int, short: String, long: String) throws -> [[[Float]]] {
            let config = tiny.replacingOccurrences(of: "embeddings\": 512", with: "embeddings\": \(positions)")
                .replacingOccurrences(of: "[1, 1, 1, 2]", with: short)
                .replacingOccurrences(of: "[1, 1.5, 3, 6]", with: long)
            return try ModelDriver(config: config).logits([Array(0..<40)])
        }
        let (short, long) = ("[1, 1, 2, 2]", "[1, 2, 4, 8]")
        #expect(try logits(512, short: short, long: long) == logits(512, short: long, long: long))
        #expect(try logits(512, short: short, long: long) != logits(512, short: short, long: short))
        #expect(try logits(64, short: short, long: long) == logits(64, short: short, long: short))
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
        ("Gemma3ForCausalLM", "\"sliding_window\": 64", [64, 64]),
        ("Gemma3ForCausalLM", "\"sliding_window\": 64, \"sliding_window_pattern\": 2", [64, nil]),
        ("Cohere2ForCausalLM", "\"sliding_window\": 64, \"sliding_window_pattern\": 1", [nil, nil]),
        ("Olmo3ForCausalLM", "\"head_dim\": 12", [4096, 4096]),
        ("SmolLM3ForCausalLM", "\"sliding_window\": 64, \"no_rope_layers\": [1, 0]", [nil, nil]),
        (
            "SmolLM3ForCausalLM",
            "\"sliding_window\": 64, \"use_sliding_window\": true, \"no_rope_layers\": [1, 0]", [nil, 64]
        ),
        (
            "MinistralForCausalLM",
            "\"sliding_window\": 64, \"layer_types\": [\"full_attention\", \"sliding_attention\"]", [nil, 64]
        ),
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

    @Test func `Dynamic rotary positions are the plain ones up to the model's length`() throws {
        func logits(_ members: String) throws -> [[Float]] {
            try ModelDriver(config: changed("LlamaForCausalLM", members)).logits([[1, 17, 42, 9, 5]])[0]
        }
        let dynamic = try logits("\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2}")
        let plain = try logits("\"rope_theta\": 10000")
        #expect(dynamic == plain)
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

    @Test func `What Gemma 3's config leaves out of its text model is what the class has`() throws {
        let text = """
            {"architectures": ["Gemma3ForConditionalGeneration"], "text_config": {
                "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34, "sliding_window": 1024,
                "rope_scaling": {"factor": 8.0, "rope_type": "linear"}}}
            """
        let config = try ConfigFile(bytes: Array(text.utf8), path: "config.json")
        let description = try Architectures.architecture(config).describe(config)
        let sizes = description.dimensions
        #expect(sizes.vocabularySize == 262_208 && sizes.heads == 8 && sizes.kvHeads == 4 && sizes.headDim == 256)
        #expect(sizes.maxPositions == 131_072 && sizes.tiedEmbedding)
        let windows: [Int?] = [1024, nil]
        #expect(description.cacheLayout.groups.map(\.window) == windows)
        #expect(description.cacheLayout.groups.map(\.layers) == [29, 5])
        #expect(
            description.tensors.contains {
                $0.name == "language_model.model.layers.33.self_attn.q_norm.weight" && $0.shape == [256]
            })
    }

    /// Keys of published configs that have a part in the computation, and the window and layers of each group.
    static let published: [(config: String, headDim: Int, groups: [(window: Int?, layers: Int)])] = [
        (
            #"""
            "architectures": ["Qwen2ForCausalLM"], "hidden_act": "silu", "hidden_size": 1024,
            "intermediate_size": 2816, "max_position_embeddings": 32768, "max_window_layers": 21,
            "num_attention_heads": 16, "num_hidden_layers": 24, "num_key_value_heads": 16, "rms_norm_eps": 1e-06,
            "rope_theta": 1000000.0, "sliding_window": 32768, "tie_word_embeddings": true,
            "use_sliding_window": false, "vocab_size": 151936
            """#, 64, [(nil, 24)]
        ),
        (
            #"""
            "architectures": ["GemmaForCausalLM"], "head_dim": 256, "hidden_act": "gelu", "hidden_activation": null,
            "hidden_size": 2048, "intermediate_size": 16384, "max_position_embeddings": 8192,
            "num_attention_heads": 8, "num_hidden_layers": 18, "num_key_value_heads": 1, "rms_norm_eps": 1e-06,
            "rope_scaling": null, "rope_theta": 10000.0, "vocab_size": 256000
            """#, 256, [(nil, 18)]
        ),
        (
            #"""
            "architectures": ["Gemma3ForCausalLM"], "attn_logit_softcapping": null, "final_logit_softcapping": null,
            "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 1152,
            "intermediate_size": 6912, "max_position_embeddings": 32768, "num_attention_heads": 4,
            "num_hidden_layers": 26, "num_key_value_heads": 1, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06,
            "rope_local_base_freq": 10000, "rope_scaling": null, "rope_theta": 1000000, "sliding_window": 512,
            "sliding_window_pattern": 6, "vocab_size": 262144
            """#, 256, [(512, 22), (nil, 4)]
        ),
        (
            #"""
            "architectures": ["OlmoForCausalLM"], "clip_qkv": null, "hidden_act": "silu", "hidden_size": 2048,
            "intermediate_size": 8192, "max_position_embeddings": 2048, "num_attention_heads": 16,
            "num_hidden_layers": 16, "num_key_value_heads": 16, "rope_scaling": null, "rope_theta": 10000.0,
            "tie_word_embeddings": true, "vocab_size": 50304
            """#, 128, [(nil, 16)]
        ),
        (
            #"""
            "architectures": ["Cohere2ForCausalLM"], "cache_implementation": "hybrid", "head_dim": 128,
            "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336, "layer_norm_eps": 1e-05,
            "layer_switch": 4, "logit_scale": 0.25, "max_position_embeddings": 8192, "num_attention_heads": 32,
            "num_hidden_layers": 32, "num_key_value_heads": 8, "order_of_interleaved_layers": "local_attn_first",
            "position_embedding_type": "rope_gptj", "rope_scaling": null, "rope_theta": 50000, "rotary_pct": 1.0,
            "sliding_window": 4096, "sliding_window_pattern": 4, "use_embedding_sharing": true,
            "use_gated_activation": true, "use_parallel_block": true, "use_parallel_embedding": false,
            "use_qk_norm": false, "vocab_size": 256000
            """#, 128, [(4096, 24), (nil, 8)]
        ),
        (
            #"""
            "architectures": ["Glm4ForCausalLM"], "attention_bias": false, "head_dim": 128, "hidden_act": "silu",
            "hidden_size": 4096, "intermediate_size": 13696, "max_position_embeddings": 32768,
            "num_attention_heads": 32, "num_hidden_layers": 40, "num_key_value_heads": 2,
            "partial_rotary_factor": 0.5, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
            "tie_word_embeddings": false, "vocab_size": 151552
            """#, 128, [(nil, 40)]
        ),
    ]

    @Test(arguments: published.indices)
    func `A published config is read`(index: Int) throws {
        let (members, headDim, groups) = ConfigTests.published[index]
        let config = try ConfigFile(bytes: Array("{\(members)}".utf8), path: "config.json")
        let description = try Architectures.architecture(config).describe(config)
        #expect(description.dimensions.headDim == headDim)
        #expect(description.cacheLayout.groups.map(\.window) == groups.map(\.window))
        #expect(description.cacheLayout.groups.map(\.layers) == groups.map(\.layers))
    }

    @Test func `A missing file is not found, with its path`() throws {
        let error = try #require(throws: ModelError.self) { try ConfigFile(path: "nowhere/config.json") }
        #expect(error.code == .notFound && error.message.contains("nowhere/config.json"))
    }
}
