import LLMWeights

extension Architecture {
    /// Qwen3-Next (Qwen Team 2025): three layers of the gated delta rule to one of gated attention; experts, and one of all
    /// tokens behind a gate.
    static let qwen3Next = Architecture(
        "Qwen3NextForCausalLM",
        tiny: #"""
            "head_dim": 24, "full_attention_interval": 2, "linear_num_value_heads": 4, "linear_num_key_heads": 2,
            "linear_key_head_dim": 12, "linear_value_head_dim": 20, "num_experts": 5, "num_experts_per_tok": 2,
            "moe_intermediate_size": 20, "shared_expert_intermediate_size": 28, "mlp_only_layers": [1]
            """#
    ) { config, model in
        let routing = try Routing(
            config, experts: 512, chosen: 10, isNormalized: try config.flag("norm_topk_prob", default: true))
        return try .qwenHybrid(config, model, keys: 2, .grouped) { block, layer, sizes in
            guard try config.layersWithExperts(sizes.layers)[layer] else {
                return try GatedFeedForward(block, hidden: sizes.hidden, width: try config.feedForwardWidth())
            }
            return try Experts(qwen: block, config, hidden: sizes.hidden, routing)
        }
    }
}

extension Decoder {
    /// A decoder of Qwen's whose layers are, most of them, of the gated delta rule, the others of gated attention.
    ///
    /// - Parameters:
    ///   - keys: key and value heads of attention, where the config does not say.
    ///   - layout: of the matrices that layers of the rule read their rows with.
    ///   - feedForward: the block of a layer.
    static func qwenHybrid(
        _ config: ConfigFile, _ model: ModelBuilder, keys: Int, _ layout: GatedDeltaNet.Layout, names: Names = Names(),
        feedForward: (ModelBuilder, Int, DecoderSizes) throws -> any FeedForward
    ) throws -> Decoder {
        let heads = try AttentionHeads(config, keys: keys, dim: 256)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        let delta = try GatedDeltaNet.Sizes(config)
        let epsilon = try config.rmsEpsilon(default: 1e-6)
        let style = NormStyle.rmsPlusOne(epsilon: epsilon)
        let bias = try config.flag("attention_bias", default: false)
        let rotary = try Rotary(config, dim: try config.rotaryDim(of: heads.dim, default: 0.25))
        let interval = try config.integer("full_attention_interval", in: 1...1024, default: 4)
        let isRecurrent = try config.recurrentLayers(sizes.layers, ["linear_attention"]) { ($0 + 1) % interval != 0 }
        return try Decoder(model, sizes, norm: style, names: names) { layer, index in
            DecoderLayer(
                try .preNorm(layer, hidden, style),
                mixer: isRecurrent[index]
                    ? try GatedDeltaNet(layer.scope("linear_attn"), delta, layout, norm: .rms(epsilon: epsilon))
                    : try Attention(
                        layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary,
                        Attention.Options(headNorms: style, isGated: true, bias: bias, outputBias: bias)),
                feedForward: try feedForward(layer.scope("mlp"), index, sizes))
        }
    }
}
