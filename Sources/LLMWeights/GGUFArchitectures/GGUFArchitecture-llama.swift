// Llama and what is built alike.
extension GGUFArchitecture {
    static let llama = llama("llama")

    private static func llama(_ name: String) -> GGUFArchitecture {
        GGUFArchitecture(
            name, "LlamaForCausalLM",
            flags: [("attention_bias", "blk.0.attn_q.bias"), ("mlp_bias", "blk.0.ffn_gate.bias")],
            interleavesHeads: true)
    }

    static let mistral = GGUFArchitecture(
        "llama", "MistralForCausalLM",
        when: { keys throws(WeightsError) in try keys.count("attention.sliding_window", default: 0) > 0 },
        interleavesHeads: true, windows: .all)

    /// InternLM 2 under Llama's names, each head's rows apart.
    static let internLM2 = llama("internlm2")

    /// Mistral's without a window are Llama's.
    static let mistral3 = llama("mistral3")

    static let mixtral = GGUFArchitecture(
        "llama", "MixtralForCausalLM",
        when: { keys throws(WeightsError) in try keys.count("expert_count", default: 0) > 0 },
        keys: GGUFKey.experts("num_local_experts"),
        layer: GGUFTensorTable.experts("block_sparse_moe", names: ("w1", "w3", "w2")), interleavesHeads: true,
        windows: .all)

    /// Of the layers every fourth has no rotary positions, which llama.cpp has as a constant.
    static let smolLM3 = GGUFArchitecture(
        "smollm3", "SmolLM3ForCausalLM", constants: [("no_rope_layer_interval", .integer(4))],
        flags: [("attention_bias", "blk.0.attn_q.bias"), ("mlp_bias", "blk.0.ffn_gate.bias")], interleavesHeads: true)

    /// The chunks' length, the layers without rotary positions and how queries grow are constants of llama.cpp.
    static let llama4 = GGUFArchitecture(
        "llama4", "Llama4ForCausalLM",
        keys: GGUFKey.experts("num_local_experts") + [
            .count("feed_forward_length", "intermediate_size_mlp"),
            .count("expert_feed_forward_length", "intermediate_size"),
            .count("interleave_moe_layer_step", "interleave_moe_layer_step"),
        ],
        constants: [
            ("no_rope_layer_interval", .integer(4)), ("floor_scale", .integer(8192)), ("attn_scale", .number(0.1)),
        ],
        flags: [("attention_bias", "blk.0.attn_q.bias")],
        layer: [
            GGUFTensorName("ffn_gate", "feed_forward.gate_proj"), GGUFTensorName("ffn_up", "feed_forward.up_proj"),
            GGUFTensorName("ffn_down", "feed_forward.down_proj"), GGUFTensorName("ffn_gate_inp", "feed_forward.router"),
            GGUFTensorName("ffn_gate_exps", "feed_forward.experts.gate_up_proj", .withUps(alternating: false)),
            GGUFTensorName("ffn_up_exps", ""), GGUFTensorName("ffn_down_exps", "feed_forward.experts.down_proj"),
        ] + GGUFTensorTable.sharedExpert("feed_forward.shared_expert"), windows: .chunks(length: 8192)
    ) { keys, json throws(WeightsError) in
        // As llama.cpp tells Maverick from Scout.
        json.member("use_qk_norm", try keys.count("expert_count") != 128)
    }
}
