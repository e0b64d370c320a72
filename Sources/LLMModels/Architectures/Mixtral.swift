import LLMWeights

extension Architecture {
    /// Mixtral (Jiang et al. 2024): Mistral with experts.
    static let mixtral = Architecture(
        "MixtralForCausalLM", tiny: #""num_local_experts": 5, "num_experts_per_tok": 2"#
    ) { config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads)
        let window = try config.window(default: nil)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let routing = try Routing(config, experts: 8, chosen: 2, isNormalized: true)
        try config.requireSiLU()
        let width = try config.feedForwardWidth()
        return try .llama(
            config, model, sizes, heads, style, defaultTheta: 1e6, options: { _ in Attention.Options(window: window) }
        ) { layer, _ in
            try Experts(
                layer.scope("block_sparse_moe"), hidden: sizes.hidden, width: width, routing,
                names: ("w1", "w3", "w2"))
        }
    }
}
