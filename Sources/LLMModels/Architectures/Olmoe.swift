import LLMWeights

extension Architecture {
    /// OLMoE (Muennighoff et al. 2024): Llama with experts, and norms over all queries and all keys of a token.
    static let olmoe = Architecture(
        "OlmoeForCausalLM", tiny: #""num_experts": 6, "num_experts_per_tok": 3, "clip_qkv": 0.5"#
    ) { config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads)
        let bias = try config.flag("attention_bias", default: false)
        let clip = try config.clip()
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let routing = try Routing(
            config, experts: 64, chosen: 8, isNormalized: try config.flag("norm_topk_prob", default: false))
        let width = try config.feedForwardWidth()
        try config.requireSiLU()
        return try .llama(
            config, model, sizes, heads, style,
            options: { _ in
                Attention.Options(
                    headNorms: style, normSpan: .projection, clip: clip, bias: bias, outputBias: bias)
            }
        ) { layer, _ in
            try Experts(layer.scope("mlp"), hidden: sizes.hidden, width: width, routing)
        }
    }
}
