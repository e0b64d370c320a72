import LLMWeights

extension Architecture {
    /// ModernBERT (Warner et al. 2024): norms before the blocks, gates, rotary positions; layers of which one in three
    /// sees the whole text, the others a window around each token, with a theta of their own.
    static let modernBERT = Encoder.classes(
        of: "ModernBert", prefix: "model",
        tiny: #""local_attention": 24, "global_attn_every_n_layers": 2"#, words: modernWords
    ) { config, model in
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, positions: 8192)
        let hidden = sizes.hidden
        let style = try config.layerNorm("norm_eps", bias: try config.flag("norm_bias", default: false))
        let activation = try config.activation("hidden_activation", default: "gelu")
        let width = try config.feedForwardWidth()
        let bias = try config.flag("attention_bias", default: false)
        let hasBias = try config.flag("mlp_bias", default: false)
        // The token itself and half of the window on either side.
        let side = try config.integer("local_attention", in: 1...1 << 30, default: 128) / 2
        let every = try config.integer("global_attn_every_n_layers", in: 1...1024, default: 3)
        let windows = try config.windows(side + 1, layers: sizes.layers) { $0 % every != 0 }
        func rotary(_ type: String, key: String, theta: Double) throws(ModelError) -> Rotary {
            let layers = RotaryScaling.Layers(type: type, thetaKey: key, isScaled: true)
            return try Rotary(config, dim: heads.dim, layers: layers, defaultTheta: theta)
        }
        let globalRotary = try rotary("full_attention", key: "global_rope_theta", theta: 160_000)
        let localRotary = try rotary("sliding_attention", key: "local_rope_theta", theta: 10_000)
        var classifier: SequenceClassifier?
        if model.hasClassifier {
            let poolings: [String: SequenceClassifier.Pooling] = ["cls": .first, "mean": .mean]
            guard let pooling = poolings[try config.string("classifier_pooling", default: "cls")] else {
                throw config.unsupported("classifier_pooling", "it may be cls or mean")
            }
            classifier = try SequenceClassifier(
                model.whole, labels: try config.labels(), hidden: hidden,
                .activation(try config.activation("classifier_activation", default: "gelu")), pooling: pooling,
                bias: try config.flag("classifier_bias", default: false), norm: ("head.norm", style),
                names: (dense: "head.dense", output: "classifier"))
        }
        return try Encoder(
            model.body, sizes, norm: style, lastNorm: true, classifier: classifier,
            names: Encoder.Names(words: modernWords, embeddingNorm: "embeddings.norm", layers: "layers")
        ) { layer, index in
            DecoderLayer(
                .sequential(
                    // The first layer reads what has had the embeddings' norm.
                    mixer: BlockNorms(before: index == 0 ? nil : try layer.norm("attn_norm", hidden, style)),
                    feedForward: BlockNorms(before: try layer.norm("mlp_norm", hidden, style))),
                mixer: try Attention(
                    layer.scope("attn"), heads, hidden: hidden,
                    rotary: windows[index] == nil ? globalRotary : localRotary,
                    Attention.Options(
                        window: windows[index], ahead: windows[index] == nil ? .max : side, bias: bias,
                        outputBias: bias, outputName: "Wo", fused: Attention.Fused(name: "Wqkv"))),
                feedForward: try GatedFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, activation, bias: hasBias,
                    names: (gate: "", up: "", down: "Wo"), fused: "Wi"))
        }
    }

    private static let modernWords = "embeddings.tok_embeddings"
}
