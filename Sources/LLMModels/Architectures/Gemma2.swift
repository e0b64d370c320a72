import LLMWeights

extension Architecture {
    /// Gemma 2 (Gemma Team 2024): norms before and after each block, soft-capped scores and logits, every other layer
    /// windowed.
    static let gemma2 = Architecture(
        "Gemma2ForCausalLM",
        tiny: #""head_dim": 20, "query_pre_attn_scalar": 16, "sliding_window": 24, "final_logit_softcapping": 8"#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 4, dim: 256)
        let sizes = try DecoderSizes(config, heads, isTied: true)
        let hidden = sizes.hidden
        let style = NormStyle.rmsPlusOne(epsilon: try config.rmsEpsilon(default: 1e-6))
        let windows = try config.windows(
            try config.window(default: 4096), layers: sizes.layers, where: { $0.isMultiple(of: 2) })
        let bias = try config.flag("attention_bias", default: false)
        let scalar = try config.number("query_pre_attn_scalar", in: 1e-6...1e6, default: 256)
        let softcap = try config.softcap("attn_logit_softcapping", default: 50)
        try config.require("hidden_activation", "gelu_pytorch_tanh")
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim)
        let width = try config.feedForwardWidth()
        return try Decoder(
            model, sizes, norm: style, embeddingScale: Float(hidden).squareRoot(),
            softcap: try config.softcap("final_logit_softcapping", default: 30)
        ) { layer, index in
            DecoderLayer(
                try .gemma(layer, hidden, style),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(
                        window: windows[index], scale: Float(1 / scalar.squareRoot()), softcap: softcap, bias: bias,
                        outputBias: bias)),
                feedForward: try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: width, .geluTanh))
        }
    }
}

extension Wiring {
    /// The norms of Gemma 2 and 3.
    static func gemma(_ layer: ModelBuilder, _ hidden: Int, _ style: NormStyle) throws(ModelError) -> Wiring {
        try .sandwich(
            layer, hidden, style, mixer: ("input_layernorm", "post_attention_layernorm"),
            feedForward: ("pre_feedforward_layernorm", "post_feedforward_layernorm"))
    }
}

extension ConfigFile {
    /// The bound of soft-capped numbers; nil where it is null, `fallback` where it is missing.
    func softcap(_ key: String, default fallback: Double?) throws(ModelError) -> Float? {
        if isNull(key) || fallback == nil && !has(key) { return nil }
        return Float(try number(key, in: 1e-3...1e6, default: fallback))
    }
}
