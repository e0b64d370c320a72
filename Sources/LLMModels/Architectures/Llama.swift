import LLMWeights

extension Architecture {
    /// Llama 1 to 3 (Touvron et al. 2023).
    static let llama = Architecture("LlamaForCausalLM", tiny: #""attention_bias": true, "mlp_bias": true"#) {
        config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon())
        let bias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        return try .llama(config, model, sizes, heads, style, mlpBias: mlpBias) { _ in
            Attention.Options(bias: bias, outputBias: bias)
        }
    }
}

extension Decoder {
    /// A decoder wired as Llama's: RMSNorm before each block, rotated whole heads, SwiGLU.
    ///
    /// - Parameters:
    ///   - names: of the decoder's own tensors.
    ///   - multipliers: of embeddings, block outputs and logits.
    ///   - isRotated: whether a layer has rotary positions.
    ///   - options: of a layer's attention.
    static func llama(
        _ config: ConfigFile, _ model: ModelBuilder, _ sizes: DecoderSizes, _ heads: AttentionHeads, _ style: NormStyle,
        names: Names = Names(), multipliers: Multipliers = Multipliers(), mlpBias: Bool = false,
        defaultTheta: Double = 10000,
        isRotated: (Int) -> Bool = { _ in true }, options: (Int) throws -> Attention.Options
    ) throws -> Decoder {
        try config.requireSiLU()
        let width = try config.feedForwardWidth()
        return try .llama(
            config, model, sizes, heads, style, names: names, multipliers: multipliers, defaultTheta: defaultTheta,
            isRotated: isRotated, options: options
        ) { layer, _ in
            try GatedFeedForward(layer.scope("mlp"), hidden: sizes.hidden, width: width, bias: mlpBias)
        }
    }

    /// The same with other feed-forward blocks, and with a mixer of its own in place of attention where `recurrent` gives one.
    static func llama(
        _ config: ConfigFile, _ model: ModelBuilder, _ sizes: DecoderSizes, _ heads: AttentionHeads, _ style: NormStyle,
        names: Names = Names(), multipliers: Multipliers = Multipliers(), defaultTheta: Double = 10000,
        isRotated: (Int) -> Bool = { _ in true }, options: (Int) throws -> Attention.Options,
        recurrent: (ModelBuilder, Int) throws -> (any Mixer)? = { _, _ in nil },
        feedForward: (ModelBuilder, Int) throws -> any FeedForward
    ) throws -> Decoder {
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim, defaultTheta: defaultTheta)
        return try Decoder(
            model, sizes, norm: style, embeddingScale: multipliers.embedding, logitScale: multipliers.logit,
            names: names
        ) { layer, index in
            DecoderLayer(
                try .preNorm(layer, sizes.hidden, style),
                mixer: try recurrent(layer, index)
                    ?? Attention(
                        layer.scope("self_attn"), heads, hidden: sizes.hidden, rotary: isRotated(index) ? rotary : nil,
                        try options(index)),
                feedForward: try feedForward(layer, index), residualScale: multipliers.residual)
        }
    }

    /// What a decoder's embeddings, block outputs and logits are multiplied by; nil for 1.
    struct Multipliers {
        var embedding: Float?
        var residual: Float?
        var logit: Float?
    }
}
