// IBM's, Cohere's and Zhipu's.
extension GGUFArchitecture {
    static let granite = GGUFArchitecture(
        "granite", "GraniteForCausalLM", keys: graniteKeys,
        flags: [("attention_bias", "blk.0.attn_q.bias"), ("mlp_bias", "blk.0.ffn_gate.bias")], interleavesHeads: true)

    static let graniteMoe = GGUFArchitecture(
        "granitemoe", "GraniteMoeForCausalLM", keys: graniteKeys + GGUFKey.experts("num_local_experts"),
        flags: [("attention_bias", "blk.0.attn_q.bias")],
        layer: graniteExperts, interleavesHeads: true)

    static let graniteExperts = [
        GGUFTensorName("ffn_gate_inp", "block_sparse_moe.router.layer"),
        GGUFTensorName("ffn_gate_exps", "block_sparse_moe.input_linear", .withUps(alternating: false)),
        GGUFTensorName("ffn_up_exps", ""), GGUFTensorName("ffn_down_exps", "block_sparse_moe.output_linear"),
    ]

    static let graniteMultipliers: [GGUFKey] = [
        .number("attention.scale", "attention_multiplier"), .number("logit_scale", "logits_scaling"),
        .number("embedding_scale", "embedding_multiplier", .optional),
        .number("residual_scale", "residual_multiplier", .optional),
    ]

    // False would mean no rotary positions.
    private static let graniteKeys = graniteMultipliers + [.fixed("rope.scaling.finetuned", .flag(true))]

    /// Older files leave the multipliers to constants of llama.cpp. The hub has them by depth and width.
    static let miniCPM = GGUFArchitecture(
        "minicpm", "MiniCPMForCausalLM",
        keys: [
            .number("embedding_scale", "scale_emb", .standard(.integer(12))), .other("residual_scale"),
            .other("logit_scale"),
        ], flags: [("attention_bias", "blk.0.attn_q.bias")], interleavesHeads: true
    ) { keys, json throws(WeightsError) in
        let layers = try keys.layers()
        let depth = 1.4 / Double(layers).squareRoot()
        json.member(
            "scale_depth", try keys.number("residual_scale", default: depth) * Double(layers).squareRoot())
        let hidden = Double(try keys.count("embedding_length"))
        let base = hidden / (try keys.number("logit_scale", default: hidden / 256))
        guard 1...hidden ~= base, abs(base - base.rounded()) < 1e-3 else {
            throw keys.invalid("logit_scale", "the width, \(Int(hidden)), over a whole number")
        }
        json.member("dim_model_base", Int(base.rounded()))
    }

    static let commandR = GGUFArchitecture(
        "command-r", "CohereForCausalLM",
        keys: GGUFKey.layerNorm("layer_norm_eps") + [
            .number("logit_scale", "logit_scale", .standard(.number(1)))
        ], flags: [("attention_bias", "blk.0.attn_q.bias"), ("use_qk_norm", "blk.0.attn_q_norm.weight")])

    static let cohere2 = GGUFArchitecture(
        "cohere2", "Cohere2ForCausalLM",
        keys: GGUFKey.layerNorm("layer_norm_eps") + [.number("logit_scale", "logit_scale")],
        flags: [("attention_bias", "blk.0.attn_q.bias")], windows: .pattern(4, length: 0))

    static let chatGLM = GGUFArchitecture(
        "chatglm", "GlmForCausalLM", flags: [("attention_bias", "blk.0.attn_q.bias")],
        layer: [GGUFTensorName("ffn_up", "mlp.gate_up_proj")], rotation: .part)

    static let glm4 = GGUFArchitecture(
        "glm4", "Glm4ForCausalLM", flags: [("attention_bias", "blk.0.attn_q.bias")],
        layer: [
            GGUFTensorName("post_attention_norm", "post_self_attn_layernorm"),
            GGUFTensorName("post_ffw_norm", "post_mlp_layernorm"), GGUFTensorName("ffn_up", "mlp.gate_up_proj"),
        ], rotation: .part)

    static let glm4Moe = GGUFArchitecture(
        "glm4moe", "Glm4MoeForCausalLM",
        keys: GGUFKey.experts("n_routed_experts") + GGUFKey.sharingExperts + [
            .fixed("expert_gating_func", .integer(2)), .count("expert_group_count", "n_group", .standard(.integer(1))),
            .count("expert_group_used_count", "topk_group", .standard(.integer(1))),
        ], flags: [("attention_bias", "blk.0.attn_q.bias"), ("use_qk_norm", "blk.0.attn_q_norm.weight")],
        layer: [
            GGUFTensorName("post_attention_norm", "post_attention_layernorm"),
            GGUFTensorName("exp_probs_b.bias", "mlp.gate.e_score_correction_bias"),
        ] + GGUFTensorTable.experts("mlp") + GGUFTensorTable.sharedExpert("mlp.shared_experts"), rotation: .part)

    /// The numbers of the clamped gates are constants of llama.cpp; that YaRN's bounds are not whole is of the published model.
    static let gptOss = GGUFArchitecture(
        "gpt-oss", "GptOssForCausalLM",
        keys: GGUFKey.experts("num_local_experts") + [
            .other("feed_forward_length"), .count("expert_feed_forward_length", "intermediate_size"),
        ], flags: [("attention_bias", "blk.0.attn_q.bias")],
        layer: [
            GGUFTensorName("post_attention_norm", "post_attention_layernorm"),
            GGUFTensorName("attn_sinks.weight", "self_attn.sinks"), GGUFTensorName("ffn_gate_inp", "mlp.router"),
            GGUFTensorName("ffn_gate_exps.weight", "mlp.experts.gate_up_proj.weight", .withUps(alternating: true)),
            GGUFTensorName("ffn_gate_exps.bias", "mlp.experts.gate_up_proj_bias", .withUps(alternating: true)),
            GGUFTensorName("ffn_up_exps", ""),
            GGUFTensorName("ffn_down_exps.weight", "mlp.experts.down_proj.weight"),
            GGUFTensorName("ffn_down_exps.bias", "mlp.experts.down_proj_bias"),
        ], windows: .pattern(2, length: 128), yarn: [("truncate", .flag(false))])
}
