import LLMWeights

extension Architecture {
    /// GLM-4 and GLM-Edge (GLM Team 2024): Llama with half of each head rotated, in interleaved pairs, biases of queries,
    /// keys and values, and gates and ups in one tensor.
    static let glm = Architecture("GlmForCausalLM", tiny: #""head_dim": 12, "partial_rotary_factor": 0.5"#) {
        config, model in
        try .glm(config, model) { layer, hidden, style in
            try .preNorm(layer, hidden, style)
        }
    }

    /// GLM-4-0414 (GLM Team 2025): the same with norms before and after each block.
    static let glm4 = Architecture("Glm4ForCausalLM", tiny: #""head_dim": 20, "attention_bias": false"#) {
        config, model in
        try .glm(config, model) { layer, hidden, style in
            try .sandwich(
                layer, hidden, style, mixer: ("input_layernorm", "post_self_attn_layernorm"),
                feedForward: ("post_attention_layernorm", "post_mlp_layernorm"))
        }
    }
}

extension Decoder {
    fileprivate static func glm(
        _ config: ConfigFile, _ model: ModelBuilder, wiring: (ModelBuilder, Int, NormStyle) throws -> Wiring
    ) throws -> Decoder {
        let heads = try AttentionHeads(config, keys: 2, dim: 128)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1.5625e-7))
        let bias = try config.flag("attention_bias", default: true)
        try config.requireSiLU()
        let rotary = try Rotary(config, dim: try config.rotaryDim(of: heads.dim, default: 0.5), layout: .interleaved)
        let width = try config.feedForwardWidth()
        return try Decoder(model, sizes, norm: style) { layer, _ in
            DecoderLayer(
                try wiring(layer, hidden, style),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary, Attention.Options(bias: bias)),
                feedForward: try GatedFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, fused: "gate_up_proj"))
        }
    }
}
