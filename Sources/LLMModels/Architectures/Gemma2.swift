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
        let activation = try config.string("hidden_activation", default: "gelu_pytorch_tanh")
        guard activation == "gelu_pytorch_tanh" else {
            throw config.unsupported("hidden_activation", "this architecture has gelu_pytorch_tanh")
        }
        guard try !config.flag("use_bidirectional_attention", default: false) else {
            throw config.unsupported("use_bidirectional_attention", "a decoder's attention is causal")
        }
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim)
        let width = try config.feedForwardWidth()
        return try Decoder(
            model, sizes, norm: style, embeddingScale: Float(hidden).squareRoot(),
            softcap: try config.softcap("final_logit_softcapping", default: 30)
        ) { layer, index in
            DecoderLayer(
                .sandwich(
                    mixer: (
                        try layer.norm("input_layernorm", hidden, style),
                        try layer.norm("post_attention_layernorm", hidden, style)
                    ),
                    feedForward: (
                        try layer.norm("pre_feedforward_layernorm", hidden, style),
                        try layer.norm("post_feedforward_layernorm", hidden, style)
                    )),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(
                        window: windows[index], scale: Float(1 / scalar.squareRoot()), softcap: softcap, bias: bias,
                        outputBias: bias)),
                feedForward: try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: width, .geluTanh))
        }
    }
}

extension ConfigFile {
    /// The bound of soft-capped numbers; nil where it is null, `fallback` where it is missing.
    func softcap(_ key: String, default fallback: Double) throws(ModelError) -> Float? {
        isNull(key) ? nil : Float(try number(key, in: 1e-3...1e6, default: fallback))
    }
}
