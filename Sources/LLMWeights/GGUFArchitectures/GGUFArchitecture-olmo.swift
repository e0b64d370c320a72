// Allen AI's.
extension GGUFArchitecture {
    static let olmo = GGUFArchitecture(
        "olmo", "OlmoForCausalLM",
        keys: [
            .fixed("attention.layer_norm_epsilon", .number(1e-5)), .other("attention.layer_norm_rms_epsilon"),
            .number("attention.clamp_kqv", "clip_qkv", .optional),
        ], interleavesHeads: true)

    static let olmo2 = GGUFArchitecture(
        "olmo2", "Olmo2ForCausalLM", flags: [("attention_bias", "blk.0.attn_q.bias")], layer: olmoNorms)

    /// Files of OLMo 2 with windows.
    static let olmo3 = GGUFArchitecture(
        "olmo2", "Olmo3ForCausalLM",
        when: { keys throws(WeightsError) in try keys.count("attention.sliding_window", default: 0) > 0 },
        flags: [("attention_bias", "blk.0.attn_q.bias")], layer: olmoNorms, windows: .pattern(4, length: 0))

    private static let olmoNorms = [
        GGUFTensorName("post_attention_norm", "post_attention_layernorm"),
        GGUFTensorName("post_ffw_norm", "post_feedforward_layernorm"),
    ]

    static let olmoe = GGUFArchitecture(
        "olmoe", "OlmoeForCausalLM", keys: GGUFKey.experts("num_experts"),
        constants: [("norm_topk_prob", .flag(false))], flags: [("attention_bias", "blk.0.attn_q.bias")],
        layer: GGUFTensorTable.experts("mlp"))
}
