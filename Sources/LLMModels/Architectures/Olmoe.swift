import LLMWeights

extension Architecture {
    /// OLMoE (Muennighoff et al. 2024): Llama with experts, and norms over all queries and all keys of a token.
    static let olmoe = Architecture(
        "OlmoeForCausalLM", tiny: #""num_experts": 6, "num_experts_per_tok": 3, "clip_qkv": 0.5"#
    ) { config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads)
        let bias = try config.flag("attention_bias", default: false)
        let clip = config.has("clip_qkv") ? Float(try config.number("clip_qkv", in: 1e-6...1e6)) : nil
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let routing = try Routing(qwen: config, experts: 64, chosen: 8)
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
