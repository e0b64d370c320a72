import LLMWeights

extension Architecture {
    /// Command R (Cohere 2024): attention and feed-forward block side by side over one layer norm without biases,
    /// interleaved rotary positions, scaled logits; Command R+ has norms of query and key heads.
    static let cohere = Architecture("CohereForCausalLM", tiny: #""use_qk_norm": true, "logit_scale": 0.5"#) {
        config, model in
        let heads = try AttentionHeads(config)
        let norms = try config.flag("use_qk_norm", default: false)
        return try .cohere(
            config, model, try DecoderSizes(config, heads, isTied: true), heads, defaultTheta: 500_000, norms: norms
        ) { _ in (window: nil, isRotated: true) }
    }

    /// Command R7B and Command A (Cohere 2024): three windowed layers with rotary positions to one without either.
    static let cohere2 = Architecture(
        "Cohere2ForCausalLM", tiny: #""sliding_window": 24, "sliding_window_pattern": 2, "attention_bias": true"#
    ) { config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads, isTied: true)
        let windows = try config.patternedWindows(try config.window(default: 4096), layers: sizes.layers, default: 4)
        // What the published configs say of the architecture.
        for (key, value) in [
            ("use_parallel_block", true), ("use_gated_activation", true), ("use_qk_norm", false),
        ] {
            try config.require(key, value, "in this architecture it is \(value)")
        }
        try config.require("position_embedding_type", "rope_gptj")
        try config.require("order_of_interleaved_layers", "local_attn_first")
        if try config.number("rotary_pct", in: 0...1, default: 1) != 1 {
            throw config.unsupported("rotary_pct", "whole heads are rotated in this architecture")
        }
        return try .cohere(config, model, sizes, heads, norms: false) { (windows[$0], windows[$0] != nil) }
    }
}

extension Decoder {
    /// A decoder wired as Cohere's.
    ///
    /// - Parameters:
    ///   - norms: whether each query and key head has a norm.
    ///   - positions: the window of a layer, and whether it has rotary positions.
    fileprivate static func cohere(
        _ config: ConfigFile, _ model: ModelBuilder, _ sizes: DecoderSizes, _ heads: AttentionHeads,
        defaultTheta: Double = 10000, norms: Bool, positions: (Int) -> (window: Int?, isRotated: Bool)
    ) throws -> Decoder {
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_eps", bias: false)
        let bias = try config.flag("attention_bias", default: false)
        try config.requireSiLU()
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim, layout: .interleaved, defaultTheta: defaultTheta)
        let width = try config.feedForwardWidth()
        return try Decoder(
            model, sizes, norm: style,
            logitScale: Float(try config.number("logit_scale", in: 1e-6...1e6, default: 0.0625))
        ) { layer, index in
            let norm = try layer.norm("input_layernorm", hidden, style)
            let (window, isRotated) = positions(index)
            return DecoderLayer(
                .parallel(mixer: norm, feedForward: norm),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: isRotated ? rotary : nil,
                    Attention.Options(
                        window: window, headNorms: norms ? style : nil, normSpan: .rowOfHead, bias: bias,
                        outputBias: bias)),
                feedForward: try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: width))
        }
    }
}
