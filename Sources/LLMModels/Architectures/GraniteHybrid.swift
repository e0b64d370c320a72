import LLMWeights

extension Architecture {
    /// Granite 4 (IBM 2025): Granite with Mamba-2 in most layers and an expert of all tokens; without experts that is the
    /// feed-forward block.
    static let graniteHybrid = Architecture(
        "GraniteMoeHybridForCausalLM",
        tiny: #"""
            "embedding_multiplier": 12, "attention_multiplier": 0.2, "residual_multiplier": 0.22, "logits_scaling": 6,
            "num_local_experts": 5, "num_experts_per_tok": 2, "shared_intermediate_size": 28, "mamba_n_heads": 4,
            "mamba_d_head": 24, "mamba_d_state": 20, "layer_types": ["mamba", "attention"]
            """#
    ) { config, model in
        let layers = try config.integer("num_hidden_layers", in: 1...1024)
        let isRecurrent = try config.recurrentLayers(
            layers, ["mamba", "linear_attention"], attention: ["attention", "full_attention"]
        ) { _ in true }
        let mamba = try Mamba2Mixer.Sizes(config)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        let bias = try config.flag("mamba_proj_bias", default: false)
        let convolutionBias = try config.flag("mamba_conv_bias", default: true)
        let positions = try config.string("position_embedding_type", default: "nope")
        guard ["rope", "nope"].contains(positions) else {
            throw config.unsupported("position_embedding_type", "use a model with rope or nope")
        }
        let hasExperts = try config.integer("num_local_experts", in: 0...4096, default: 8) > 0
        let routing = hasExperts ? try Routing(config, experts: 8, chosen: 2, isNormalized: true) : nil
        let width = hasExperts ? try config.feedForwardWidth() : 0
        let sharedWidth = try config.feedForwardWidth("shared_intermediate_size", default: 1024)
        return try .granite(
            config, model, isRotated: positions == "rope",
            recurrent: { layer, index in
                guard isRecurrent[index] else { return nil }
                return try Mamba2Mixer(
                    layer.scope("mamba"), mamba, norm: style, bias: bias,
                    convolutionBias: convolutionBias)
            },
            feedForward: { layer, hidden in
                let shared = try GatedFeedForward(
                    layer.scope("shared_mlp"), hidden: hidden, width: sharedWidth,
                    names: ("", "", "output_linear"), fused: "input_linear")
                guard let routing else { return shared }
                return try Experts(granite: layer, hidden: hidden, width: width, routing, shared: shared)
            })
    }
}
