import LLMWeights

extension Architecture {
    /// DistilBERT (Sanh et al. 2019): half of BERT's layers, without token types.
    static let distilBERT = Encoder.classes(of: "DistilBert", prefix: "distilbert", tiny: #""dim": 48"#) {
        config, model in
        let config = config.named([
            "hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers",
            "intermediate_size": "hidden_dim", "hidden_act": "activation",
        ])
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, positions: 512)
        let hidden = sizes.hidden
        // The class's own epsilon.
        let style = NormStyle.layer(epsilon: 1e-12, bias: true)
        let activation = try config.activation(default: "gelu")
        let width = try config.feedForwardWidth(default: 4 * hidden)
        var classifier: SequenceClassifier?
        if model.hasClassifier {
            classifier = try SequenceClassifier(
                model.whole, labels: try config.labels(), hidden: hidden, .activation(.relu),
                names: (dense: "pre_classifier", output: "classifier"))
        }
        return try Encoder(
            model.body, sizes, norm: style, positions: .learned, classifier: classifier,
            names: Encoder.Names(layers: "transformer.layer")
        ) { layer, _ in
            DecoderLayer(
                .normedSums(
                    mixer: try layer.norm("sa_layer_norm", hidden, style),
                    feedForward: try layer.norm("output_layer_norm", hidden, style)),
                mixer: try Attention(
                    layer.scope("attention"), heads, hidden: hidden, rotary: nil,
                    Attention.Options(
                        ahead: .max, bias: true, outputBias: true, names: ("q_lin", "k_lin", "v_lin"),
                        outputName: "out_lin")),
                feedForward: try PlainFeedForward(
                    layer.scope("ffn"), hidden: hidden, width: width, activation, names: ("lin1", "lin2")))
        }
    }
}
