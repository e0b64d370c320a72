import LLMWeights

extension Architecture {
    /// GLM-4.5 and 4.6 (GLM-4.5 Team 2025): DeepSeek-V3's experts over grouped attention, part of each head rotated. The
    /// layers that predict further tokens are not read.
    static let glm4Moe = Architecture(
        "Glm4MoeForCausalLM",
        tiny: #"""
            "head_dim": 20, "partial_rotary_factor": 0.5, "use_qk_norm": true, "attention_bias": true,
            "n_routed_experts": 6, "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1,
            "moe_intermediate_size": 24, "first_k_dense_replace": 1
            """#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 8)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let options = Attention.Options(
            headNorms: try config.flag("use_qk_norm", default: false) ? style : nil,
            bias: try config.flag("attention_bias", default: false))
        let rotary = try Rotary(config, dim: try config.rotaryDim(of: heads.dim, default: 0.5))
        let routing = try Routing(balanced: config, experts: 128, chosen: 8, groups: (1, 1), scale: 1)
        let feedForward = try DeepseekFeedForward(config, dense: 1, shared: 1)
        return try Decoder(model, sizes, norm: style) { layer, index in
            DecoderLayer(
                try .preNorm(layer, hidden, style),
                mixer: try Attention(layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary, options),
                feedForward: try feedForward(layer.scope("mlp"), index) { try routing.withBias($0) })
        }
    }
}
