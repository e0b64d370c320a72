import LLMWeights

extension Architecture {
    /// MiniCPM 1, 2 and 4 (Hu et al. 2024): Llama with multipliers of embeddings, block outputs and logits that follow from
    /// the depth and width.
    static let miniCPM = Architecture(
        "MiniCPMForCausalLM", tiny: #""scale_emb": 12, "scale_depth": 1.4, "dim_model_base": 32"#
    ) { config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads, isTied: true)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        let bias = try config.flag("attention_bias", default: false)
        for key in ["num_experts", "sparse_config"] where config.has(key) {
            throw config.unsupported(key, "use a model of dense layers and attention")
        }
        return try .llama(
            config, model, sizes, heads, style,
            multipliers: try config.multipliers(sizes, embedding: 1, depth: 1, base: 1)
        ) { _ in Attention.Options(bias: bias, outputBias: bias) }
    }
}

extension ConfigFile {
    /// MiniCPM's: embeddings times `scale_emb`, block outputs times `scale_depth` over the root of the layers, logits times
    /// `dim_model_base` over the hidden size; the latter two may be null for none.
    ///
    /// - Parameters: what the keys default to.
    func multipliers(
        _ sizes: DecoderSizes, embedding: Double, depth: Double, base: Int
    ) throws(ModelError) -> Decoder.Multipliers {
        let positive = 1e-6...1e6
        var multipliers = Decoder.Multipliers()
        multipliers.embedding = Float(try number("scale_emb", in: positive, default: embedding))
        if !isNull("scale_depth") {
            let depth = try number("scale_depth", in: positive, default: depth)
            multipliers.residual = Float(depth / Double(sizes.layers).squareRoot())
        }
        if !isNull("dim_model_base") {
            let base = try integer("dim_model_base", in: DecoderSizes.hiddenSizes, default: base)
            multipliers.logit = Float(base) / Float(sizes.hidden)
        }
        return multipliers
    }
}
