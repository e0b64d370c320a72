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
        let key = config.has("num_local_experts") ? "num_local_experts" : "num_experts"
        let experts = try config.integer(key, in: 1...1024, default: 8)
        let chosen = try config.integer("num_experts_per_tok", in: 1...experts, default: min(2, experts))
        try config.requireSiLU()
        let width = try config.feedForwardWidth()
        return try .llama(
            config, model, sizes, heads, style, defaultTheta: 1e6, options: { _ in Attention.Options(window: window) }
        ) { layer, _ in
            let block = layer.scope("block_sparse_moe")
            return Experts(
                router: try block.linear("gate", inputs: sizes.hidden, outputs: experts, exact: true),
                experts: try block.layers("experts", experts) { expert, index in
                    try GatedFeedForward(
                        expert, hidden: sizes.hidden, width: width, names: ("w1", "w3", "w2"), isRead: index < chosen)
                }
            ) { probabilities in
                let best = mostProbable(chosen, of: probabilities)
                let sum = best.reduce(0) { $0 + $1.weight }
                return best.map { ChosenExpert(index: $0.index, weight: $0.weight / sum) }
            }
        }
    }
}
