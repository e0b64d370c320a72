import LLMWeights

extension Architecture {
    /// Phi-3, 3.5 and 4 (Abdin et al. 2024): Llama with queries, keys and values in one matrix, and gates and ups in one;
    /// LongRoPE, and part of each head rotated in Phi-4-mini.
    static let phi3 = Architecture(
        "Phi3ForCausalLM",
        tiny: #"""
            "sliding_window": 24, "partial_rotary_factor": 0.67, "original_max_position_embeddings": 64,
            "rope_scaling": {"type": "longrope", "short_factor": [1, 1, 1, 2], "long_factor": [1, 1.5, 3, 6]}
            """#
    ) { config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let windows = try config.windows(try config.window(default: nil), layers: sizes.layers)
        for key in ["attention_bias", "mlp_bias", "lm_head_bias"] {
            try config.require(key, false, "this architecture has no biases")
        }
        for scaling in [try config.object("rope_scaling"), try config.object("rope_parameters")].compactMap(\.self) {
            for key in ["type", "rope_type"] where try scaling.string(key, default: "") == "yarn" {
                throw scaling.unsupported(key, "an early Phi-3's yarn is another; use a model with longrope")
            }
        }
        try config.requireSiLU()
        let rotary = try Rotary(config, dim: try config.rotaryDim(of: heads.dim, default: 1))
        let width = try config.feedForwardWidth()
        return try Decoder(model, sizes, norm: style) { layer, index in
            DecoderLayer(
                try .preNorm(layer, hidden, style),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(
                        window: windows[index], fused: Attention.Fused(name: "qkv_proj"))),
                feedForward: try GatedFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, fused: "gate_up_proj"))
        }
    }
}
