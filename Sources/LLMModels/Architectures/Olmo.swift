import LLMWeights

extension Architecture {
    /// OLMo (Groeneveld et al. 2024): Llama with layer norms that have no weights; queries, keys and values may be clipped.
    static let olmo = Architecture("OlmoForCausalLM", tiny: #""clip_qkv": 0.5"#) { config, model in
        let heads = try AttentionHeads(config)
        let bias = try config.flag("attention_bias", default: false)
        let clip = try config.clip()
        // The epsilon is the class's own.
        let style = NormStyle.layer(epsilon: 1e-5, weight: false, bias: false)
        return try .llama(config, model, try DecoderSizes(config, heads), heads, style) { _ in
            Attention.Options(clip: clip, bias: bias, outputBias: bias)
        }
    }

    /// OLMo 2 (OLMo Team 2024): norms after each block, and of all queries and all keys of a token.
    static let olmo2 = Architecture("Olmo2ForCausalLM", tiny: #""attention_bias": true"#) { config, model in
        let heads = try AttentionHeads(config)
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim)
        return try .olmo2(config, model, try DecoderSizes(config, heads), heads) { _ in (nil, rotary) }
    }

    /// OLMo 3 (OLMo Team 2025): OLMo 2 with three windowed layers to one that sees all; only the latter have scaled rotary
    /// positions.
    static let olmo3 = Architecture(
        "Olmo3ForCausalLM",
        tiny: #"""
            "sliding_window": 24, "layer_types": ["sliding_attention", "full_attention"],
            "rope_scaling": {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64}
            """#
    ) { config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads)
        let windows = try config.windows(try config.window(default: 4096), layers: sizes.layers) { ($0 + 1) % 4 != 0 }
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim, layers: .full, defaultTheta: 500_000)
        let local = RotaryScaling.Layers(type: "sliding_attention", isScaled: false)
        let localRotary = try Rotary(config, dim: heads.dim, layers: local, defaultTheta: 500_000)
        return try .olmo2(config, model, sizes, heads) { (windows[$0], windows[$0] == nil ? rotary : localRotary) }
    }
}

extension Decoder {
    /// A decoder wired as OLMo 2's.
    ///
    /// - Parameter positions: the window and the rotary positions of a layer.
    fileprivate static func olmo2(
        _ config: ConfigFile, _ model: ModelBuilder, _ sizes: DecoderSizes, _ heads: AttentionHeads,
        positions: (Int) -> (window: Int?, rotary: Rotary)
    ) throws -> Decoder {
        let hidden = sizes.hidden
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let bias = try config.flag("attention_bias", default: false)
        try config.requireSiLU()
        let width = try config.feedForwardWidth()
        return try Decoder(model, sizes, norm: style) { layer, index in
            let (window, rotary) = positions(index)
            return DecoderLayer(
                .postNorm(
                    try layer.norm("post_attention_layernorm", hidden, style),
                    try layer.norm("post_feedforward_layernorm", hidden, style)),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(
                        window: window, headNorms: style, normSpan: .projection, bias: bias, outputBias: bias)),
                feedForward: try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: width))
        }
    }
}

extension ConfigFile {
    /// The bound of queries, keys and values; nil for none.
    func clip() throws(ModelError) -> Float? {
        has("clip_qkv") ? Float(try number("clip_qkv", in: 0...1e6)) : nil
    }
}
