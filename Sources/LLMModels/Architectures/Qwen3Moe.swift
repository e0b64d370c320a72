import LLMWeights

extension Architecture {
    /// Qwen 3 with experts (Yang et al. 2025).
    static let qwen3Moe = Architecture(
        "Qwen3MoeForCausalLM",
        tiny: #"""
            "head_dim": 24, "num_experts": 6, "num_experts_per_tok": 2, "norm_topk_prob": true,
            "moe_intermediate_size": 20, "mlp_only_layers": [0]
            """#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 4)
        let sizes = try DecoderSizes(config, heads)
        let window = try config.flag("use_sliding_window", default: false) ? try config.window(default: 4096) : nil
        let bias = try config.flag("attention_bias", default: false)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        let routing = try Routing(
            config, experts: 128, chosen: 8, isNormalized: try config.flag("norm_topk_prob", default: false))
        let hasExperts = try config.layersWithExperts(sizes.layers)
        let widths = (try config.feedForwardWidth(), try config.feedForwardWidth("moe_intermediate_size"))
        try config.requireSiLU()
        return try .llama(
            config, model, sizes, heads, style,
            options: { _ in Attention.Options(window: window, headNorms: style, bias: bias, outputBias: bias) }
        ) { layer, index in
            let block = layer.scope("mlp")
            return hasExperts[index]
                ? try Experts(block, hidden: sizes.hidden, width: widths.1, routing)
                : try GatedFeedForward(block, hidden: sizes.hidden, width: widths.0)
        }
    }
}

extension ConfigFile {
    /// Which layers have experts: every `decoder_sparse_step`-th but those of `mlp_only_layers`.
    func layersWithExperts(_ layers: Int) throws(ModelError) -> [Bool] {
        let step = try integer("decoder_sparse_step", in: 1...1024, default: 1)
        let dense = try layerIndices("mlp_only_layers", of: layers)
        return (0..<layers).map { ($0 + 1) % step == 0 && !dense.contains($0) }
    }
}
