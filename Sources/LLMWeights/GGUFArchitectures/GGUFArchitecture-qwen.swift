// Qwen's.
extension GGUFArchitecture {
    static let qwen2 = GGUFArchitecture("qwen2", "Qwen2ForCausalLM")

    static let qwen3 = qwen3("qwen3", keys: [])

    // Of models that read images, the text model. The three positions that rotate a text token's head are one.
    static let qwen2VL = GGUFArchitecture(
        "qwen2vl", "Qwen2ForCausalLM", keys: [.other("rope.dimension_sections")])

    static let qwen3VL = qwen3("qwen3vl", keys: imageKeys)

    static let qwen3VLMoe = qwen3Moe("qwen3vlmoe", keys: imageKeys)

    private static let imageKeys: [GGUFKey] = [.other("rope.dimension_sections"), .other("n_deepstack_layers")]

    private static func qwen3(_ name: String, keys: [GGUFKey]) -> GGUFArchitecture {
        GGUFArchitecture(name, "Qwen3ForCausalLM", keys: keys, flags: [("attention_bias", "blk.0.attn_q.bias")])
    }

    static let qwen2Moe = GGUFArchitecture(
        "qwen2moe", "Qwen2MoeForCausalLM",
        keys: sharedExpertKeys, constants: [("norm_topk_prob", .flag(false))],
        flags: [("qkv_bias", "blk.0.attn_q.bias")], layer: sharedExpertNames)

    static let sharedExpertKeys =
        GGUFKey.experts("num_experts") + [
            .count("expert_feed_forward_length", "moe_intermediate_size"),
            .count("expert_shared_feed_forward_length", "shared_expert_intermediate_size"),
        ]

    /// Experts, and one of all tokens behind a gate.
    static let sharedExpertNames =
        GGUFTensorTable.experts("mlp") + GGUFTensorTable.sharedExpert("mlp.shared_expert") + [
            GGUFTensorName("ffn_gate_inp_shexp", "mlp.shared_expert_gate", .oneRow)
        ]

    static let qwen3Moe = qwen3Moe("qwen3moe", keys: [])

    private static func qwen3Moe(_ name: String, keys: [GGUFKey]) -> GGUFArchitecture {
        GGUFArchitecture(
            name, "Qwen3MoeForCausalLM",
            keys: keys + GGUFKey.experts("num_experts") + [
                .count("expert_feed_forward_length", "moe_intermediate_size"),
                .flag("expert_weights_norm", "norm_topk_prob", .standard(.flag(true))),
                .fixed("expert_shared_feed_forward_length", .integer(0)),
            ],
            flags: [("attention_bias", "blk.0.attn_q.bias")], layer: GGUFTensorTable.experts("mlp"))
    }
}
