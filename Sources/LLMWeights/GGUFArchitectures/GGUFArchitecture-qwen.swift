// Qwen's.
extension GGUFArchitecture {
    static let qwen2 = GGUFArchitecture("qwen2", "Qwen2ForCausalLM")

    static let qwen3 = GGUFArchitecture(
        "qwen3", "Qwen3ForCausalLM", flags: [("attention_bias", "blk.0.attn_q.bias")])

    static let qwen2Moe = GGUFArchitecture(
        "qwen2moe", "Qwen2MoeForCausalLM",
        keys: GGUFKey.experts("num_experts") + [
            .count("expert_feed_forward_length", "moe_intermediate_size"),
            .count("expert_shared_feed_forward_length", "shared_expert_intermediate_size"),
        ],
        constants: [("norm_topk_prob", .flag(false))], flags: [("qkv_bias", "blk.0.attn_q.bias")],
        layer: GGUFTensorTable.experts("mlp") + GGUFTensorTable.sharedExpert("mlp.shared_expert") + [
            GGUFTensorName("ffn_gate_inp_shexp", "mlp.shared_expert_gate", .oneRow)
        ])

    static let qwen3Moe = GGUFArchitecture(
        "qwen3moe", "Qwen3MoeForCausalLM",
        keys: GGUFKey.experts("num_experts") + [
            .count("expert_feed_forward_length", "moe_intermediate_size"),
            .flag("expert_weights_norm", "norm_topk_prob", .standard(.flag(true))),
            .fixed("expert_shared_feed_forward_length", .integer(0)),
        ],
        flags: [("attention_bias", "blk.0.attn_q.bias")], layer: GGUFTensorTable.experts("mlp"))
}
