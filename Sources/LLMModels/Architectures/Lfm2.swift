import LLMTensor
import LLMWeights

extension Architecture {
    /// LFM2 (Liquid AI 2025): gated short convolutions, and attention in some layers.
    static let lfm2 = Architecture(
        "Lfm2ForCausalLM",
        tiny: #"""
            "norm_eps": 1e-5, "conv_bias": true, "layer_types": ["conv", "full_attention"], "block_multiple_of": 8
            """#
    ) { config, model in
        let config = config.named(ConfigFile.lfm2Names)
        let width = try config.lfm2Width()
        return try .lfm2(config, model) { layer, hidden, _ in
            try GatedFeedForward(layer, hidden: hidden, width: width, names: ("w1", "w3", "w2"))
        }
    }

    /// LFM2 with experts in all but the first layers.
    static let lfm2Moe = Architecture(
        "Lfm2MoeForCausalLM",
        tiny: #"""
            "norm_eps": 1e-5, "layer_types": ["conv", "full_attention"], "num_dense_layers": 1, "num_experts": 5,
            "num_experts_per_tok": 2, "moe_intermediate_size": 20
            """#
    ) { config, model in
        let config = config.named(ConfigFile.lfm2Names)
        let dense = try config.integer("num_dense_layers", in: 0...1024, default: 2)
        let widths = (try config.feedForwardWidth(), try config.feedForwardWidth("moe_intermediate_size"))
        var routing = try Routing(
            config, experts: 32, chosen: 4, scores: .sigmoid,
            isNormalized: try config.flag("norm_topk_prob", default: true))
        routing.scale = try config.routedScale()
        let hasBias = try config.flag("use_expert_bias", default: true)
        return try .lfm2(config, model) { [routing] layer, hidden, index in
            if index < dense {
                return try GatedFeedForward(layer, hidden: hidden, width: widths.0, names: ("w1", "w3", "w2"))
            }
            var routing = routing
            if hasBias { routing.bias = try layer.vector("expert_bias", routing.experts) }
            return try Experts(layer, hidden: hidden, width: widths.1, routing, names: ("w1", "w3", "w2"))
        }
    }
}

extension Decoder {
    /// A decoder wired as LFM2's.
    ///
    /// - Parameter feedForward: of a layer, by the hidden size and the layer's index.
    fileprivate static func lfm2(
        _ config: ConfigFile, _ model: ModelBuilder, feedForward: (ModelBuilder, Int, Int) throws -> any FeedForward
    ) throws -> Decoder {
        let heads = try AttentionHeads(config, keys: 8)
        let sizes = try DecoderSizes(config, heads, isTied: true, positions: 128_000)
        let hidden = sizes.hidden
        let style = NormStyle.rms(epsilon: Float(try config.number("norm_eps", in: 0...1, default: 1e-5)))
        let attended = config.has("full_attn_idxs") ? try config.layerIndices("full_attn_idxs", of: sizes.layers) : nil
        let isRecurrent = try config.recurrentLayers(sizes.layers, ["conv"]) { attended?.contains($0) == false }
        let width = try config.integer("conv_L_cache", in: 2...64, default: 3)
        let bias = try config.flag("conv_bias", default: false)
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim, defaultTheta: 1e6)
        let options = Attention.Options(headNorms: style, normName: "layernorm", outputName: "out_proj")
        return try Decoder(model, sizes, norm: style, names: Names(norm: "model.embedding_norm")) { layer, index in
            DecoderLayer(
                try .preNorm(layer, hidden, style, names: ("operator_norm", "ffn_norm")),
                mixer: isRecurrent[index]
                    ? try GatedConvolution(layer.scope("conv"), hidden: hidden, width: width, bias: bias)
                    : try Attention(layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary, options),
                feedForward: try feedForward(layer.scope("feed_forward"), hidden, index))
        }
    }
}

extension ConfigFile {
    /// What LFM2 calls the usual keys.
    fileprivate static let lfm2Names = ["tie_word_embeddings": "tie_embedding", "intermediate_size": "block_ff_dim"]

    /// The width of LFM2's feed-forward blocks: two thirds of what the config says, times a factor, rounded up.
    fileprivate func lfm2Width() throws(ModelError) -> Int {
        let width = try feedForwardWidth()
        guard try flag("block_auto_adjust_ff_dim", default: true) else { return width }
        var adjusted = 2 * width / 3
        if !isNull("block_ffn_dim_multiplier") {
            let multiple = try integer("block_multiple_of", in: 1...1 << 20, default: 256)
            let scaled = Int(try number("block_ffn_dim_multiplier", in: 1e-3...1e3, default: 1) * Double(adjusted))
            adjusted = (scaled + multiple - 1) / multiple * multiple
        }
        guard 1...1 << 20 ~= adjusted else {
            throw invalid("intermediate_size", "such that the width made of it, \(adjusted), is from 1 to \(1 << 20)")
        }
        return adjusted
    }
}
