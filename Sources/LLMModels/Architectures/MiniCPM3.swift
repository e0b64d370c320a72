import LLMWeights

extension Architecture {
    /// MiniCPM 3 (Hu et al. 2024): latent attention, and multipliers of embeddings, block outputs and logits that follow
    /// from the depth and width.
    static let miniCPM3 = Architecture(
        "MiniCPM3ForCausalLM",
        tiny: #"""
            "kv_lora_rank": 20, "q_lora_rank": 28, "qk_nope_head_dim": 14, "qk_rope_head_dim": 10, "dim_model_base": 32
            """#
    ) { config, model in
        let hidden = try config.integer("hidden_size", in: DecoderSizes.hiddenSizes)
        let heads = try config.integer("num_attention_heads", in: 1...1 << 14)
        let latent = try LatentAttention.Sizes(config, plain: 64, rotated: 32, value: hidden / heads, latent: 256)
        let sizes = try DecoderSizes(config, heads: heads, keys: 1, headDim: latent.query, isTied: true)
        let queryRank = try config.queryRank(default: 768)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let bias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        let multipliers = try config.multipliers(sizes, embedding: 12, depth: 1.4, base: 256)
        try config.requireSiLU()
        try config.requireWholeRotation()
        let width = try config.feedForwardWidth()
        return try Decoder(
            model, sizes, norm: style, embeddingScale: multipliers.embedding, logitScale: multipliers.logit
        ) { layer, _ in
            DecoderLayer(
                try .preNorm(layer, hidden, style),
                mixer: try LatentAttention(
                    layer.scope("self_attn"), latent, hidden: hidden, queryRank: queryRank,
                    // The class's own epsilon, whatever the config's is.
                    norms: .rms(epsilon: 1e-6), scale: try config.latentScale(latent), bias: bias
                ) { offset throws(ModelError) in
                    try Rotary(config, dim: latent.rotated, offset: offset)
                },
                feedForward: try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: width, bias: mlpBias),
                residualScale: multipliers.residual)
        }
    }
}
