import Foundation
import LLMModels
import LLMTestSupport
import Testing

/// Configs of models whose layers keep states.
@Suite struct StateConfigTests {
    private func describe(_ members: String) throws -> ModelDescription {
        let config = try ConfigFile(bytes: Array("{\(members)}".utf8), path: "config.json")
        return try Architectures.architecture(config).describe(config)
    }

    /// Keys of published configs that have a part in the computation, floats of a layer's state and how many layers have
    /// one, and layers with attention.
    static let published: [(config: String, state: Int, recurrent: Int, attention: Int)] = [
        (
            #"""
            "architectures": ["Lfm2ForCausalLM"], "block_auto_adjust_ff_dim": true, "block_dim": 2048,
            "block_ff_dim": 12288, "block_ffn_dim_multiplier": 1.0, "block_multiple_of": 256, "conv_L_cache": 3,
            "conv_bias": false, "full_attn_idxs": [2, 5, 8, 10, 12, 14], "hidden_size": 2048,
            "max_position_embeddings": 128000, "norm_eps": 1e-05, "num_attention_heads": 32, "num_hidden_layers": 16,
            "num_key_value_heads": 8, "rope_theta": 1000000.0, "tie_embedding": true, "vocab_size": 65536
            """#, 2 * 2048, 10, 6
        ),
        (
            #"""
            "architectures": ["GraniteMoeHybridForCausalLM"], "attention_bias": false,
            "attention_multiplier": 0.0078125, "embedding_multiplier": 12, "hidden_act": "silu", "hidden_size": 1536,
            "intermediate_size": 512, "layer_types": ["mamba", "mamba", "mamba", "mamba", "mamba", "attention"],
            "logits_scaling": 6, "mamba_chunk_size": 256, "mamba_conv_bias": true, "mamba_d_conv": 4,
            "mamba_d_head": 64, "mamba_d_state": 128, "mamba_expand": 2, "mamba_n_groups": 1, "mamba_n_heads": 48,
            "mamba_proj_bias": false, "max_position_embeddings": 131072, "num_attention_heads": 12,
            "num_experts_per_tok": 6, "num_hidden_layers": 6, "num_key_value_heads": 4, "num_local_experts": 64,
            "position_embedding_type": "nope", "residual_multiplier": 0.22, "rms_norm_eps": 1e-05,
            "rope_scaling": null, "rope_theta": 10000, "shared_intermediate_size": 1024, "vocab_size": 100352
            """#, 3 * (3072 + 2 * 128) + 48 * 64 * 128, 5, 1
        ),
        (
            #"""
            "architectures": ["NemotronHForCausalLM"], "attention_bias": false, "chunk_size": 128, "conv_kernel": 4,
            "expand": 2, "head_dim": 128, "hidden_size": 4480, "hybrid_override_pattern": "M-M-M-MM-M*-",
            "intermediate_size": 15680, "layer_norm_epsilon": 1e-05, "mamba_head_dim": 80, "mamba_hidden_act": "silu",
            "mamba_num_heads": 128, "mamba_proj_bias": false, "max_position_embeddings": 131072, "mlp_bias": false,
            "mlp_hidden_act": "relu2", "n_groups": 8, "num_attention_heads": 40, "num_hidden_layers": 56,
            "num_key_value_heads": 8, "ssm_state_size": 128, "time_step_limit": [0.0, Infinity], "use_bias": false,
            "use_conv_bias": true, "vocab_size": 131072
            """#, 3 * (10240 + 2 * 8 * 128) + 128 * 80 * 128, 6, 1
        ),
    ]

    @Test(arguments: published.indices)
    func `A published config gives layers their states`(index: Int) throws {
        let (members, state, recurrent, attention) = StateConfigTests.published[index]
        let layout = try describe(members).cacheLayout
        #expect(layout.states == Array(repeating: state, count: recurrent))
        #expect(layout.groups.map(\.layers) == [attention])
    }

    @Test func `The width of LFM2's feed-forward blocks is worked out`() throws {
        let tensors = try describe(StateConfigTests.published[0].config).tensors
        #expect(tensors.first { $0.name == "model.layers.0.feed_forward.w1.weight" }?.shape == [8192, 2048])
    }

    static let refusals: [(architecture: String, from: String, to: String, words: [String])] = [
        ("Mamba2ForCausalLM", #""num_heads": 4"#, #""num_heads": 5"#, ["num_heads", "5", "24", "96"]),
        ("Mamba2ForCausalLM", #""n_groups": 2"#, #""n_groups": 3"#, ["n_groups", "3", "divisor", "4"]),
        ("Mamba2ForCausalLM", #""state_size": 20"#, #""state_size": 512"#, ["state_size", "512", "256"]),
        (
            "Mamba2ForCausalLM", #""n_groups": 2"#, #""n_groups": 2, "time_step_limit": [0.001, 0.1]"#,
            ["time_step_limit", "Infinity"]
        ),
        (
            "Mamba2ForCausalLM", #""n_groups": 2"#, #""n_groups": 2, "time_step_limit": []"#,
            ["config.json", "time_step_limit", "two numbers"]
        ),
        (
            "Mamba2ForCausalLM", #""n_groups": 2"#, #""n_groups": 2, "time_step_limit": [Infinity, 0.0]"#,
            ["time_step_limit", "the least and the greatest"]
        ),
        (
            "Mamba2ForCausalLM", #""n_groups": 2"#, #""n_groups": 2, "time_step_limit": [0.0, "many"]"#,
            ["time_step_limit", "two numbers"]
        ),
        ("Mamba2ForCausalLM", #""n_groups": 2"#, #""n_groups": 2, "chunk_size": 0"#, ["chunk_size", "0", "from 1"]),
        (
            "BambaForCausalLM", #""mamba_n_groups": 2"#, #""mamba_n_groups": 2, "mamba_chunk_size": -256"#,
            ["mamba_chunk_size", "-256", "from 1"]
        ),
        (
            "BambaForCausalLM", #""attn_layer_indices": [1]"#, #""attn_layer_indices": [2]"#,
            ["attn_layer_indices", "from 0 to 1"]
        ),
        (
            "GraniteMoeHybridForCausalLM", #""mamba", "attention""#, #""mamba", "rwkv""#,
            ["layer_types", "mamba, linear_attention"]
        ),
        (
            "GraniteMoeHybridForCausalLM", #""mamba_n_heads": 4"#,
            #""mamba_n_heads": 4, "position_embedding_type": "alibi""#, ["position_embedding_type", "'alibi'", "nope"]
        ),
        ("Lfm2ForCausalLM", #"["conv", "full_attention"]"#, #"["conv"]"#, ["layer_types", "num_hidden_layers, 2"]),
        ("NemotronHForCausalLM", "M*E-M", "M*X", ["hybrid_override_pattern", "'M*X'", "M, *, - and E"]),
        (
            "NemotronHForCausalLM", #""n_routed_experts": 5"#, #""n_routed_experts": 5, "moe_latent_size": 20"#,
            ["moe_latent_size", "20"]
        ),
        (
            "FalconH1ForCausalLM", #""mamba_norm_before_gate": false"#, #""mamba_norm_before_gate": true"#,
            ["mamba_norm_before_gate", "true"]
        ),
        (
            "FalconH1ForCausalLM", "[0.9, 1.1, 0.7, 0.8, 1.2]", "[0.9, 1.1]", ["ssm_multipliers", "list of 5 numbers"]
        ),
    ]

    @Test(arguments: refusals.indices)
    func `What a layer with states cannot run is refused with the key`(index: Int) throws {
        let (architecture, from, to, words) = StateConfigTests.refusals[index]
        let tiny = try #require(Architectures.all.first { $0.name == architecture }).tinyConfig
        try #require(tiny.contains(from))
        let text = tiny.replacingOccurrences(of: from, with: to)
        let error = try #require(throws: ModelError.self) {
            let config = try ConfigFile(bytes: Array(text.utf8), path: "config.json")
            _ = try Architectures.architecture(config).describe(config)
        }
        for word in words { #expect(error.message.contains(word), "\(error.message)") }
    }
}
