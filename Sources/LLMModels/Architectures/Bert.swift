import LLMWeights

extension Architecture {
    /// BERT (Devlin et al. 2018): learned positions, token types, a norm of each sum. A classifier scores the pooler's
    /// output. Of a masked language model only the body is read.
    static let bert = Encoder.classes(of: "Bert", prefix: "bert", tiny: #""type_vocab_size": 2"#) { config, model in
        try .bert(
            config, model, positions: .learned, types: 2,
            classifier: (dense: "bert.pooler.dense", output: "classifier"))
    }

    /// RoBERTa (Liu et al. 2019): BERT whose positions are counted from behind the padding token's, with a classifier
    /// of its own.
    static let roberta = robertas(of: "Roberta")

    /// XLM-RoBERTa (Conneau et al. 2019): RoBERTa over a vocabulary of a hundred languages.
    static let xlmRoberta = robertas(of: "XLMRoberta")

    private static func robertas(of family: String) -> [Architecture] {
        Encoder.classes(of: family, prefix: "roberta", tiny: #""type_vocab_size": 1, "layer_norm_eps": 1e-5"#) {
            config, model in
            let padding = Int32(try config.integer("pad_token_id", in: 0...1 << 24, default: 1))
            return try .bert(
                config, model, positions: .after(padding: padding), types: 2,
                classifier: (dense: "classifier.dense", output: "classifier.out_proj"))
        }
    }
}

extension Encoder {
    /// What an encoder is a part of.
    struct Parts {
        /// The tensors of the whole checkpoint.
        let whole: ModelBuilder
        /// Those of the encoder.
        let body: ModelBuilder
        /// Whether a head scores texts.
        let hasClassifier: Bool
    }

    /// The rows of a family's classes: the encoder alone, and under `prefix` as a part of a masked language model and
    /// of a classifier.
    static func classes(
        of family: String, prefix: String, tiny: String,
        words: String = Names().words, _ build: @escaping @Sendable (ConfigFile, Parts) throws -> Encoder
    ) -> [Architecture] {
        ["Model", "ForMaskedLM", "ForSequenceClassification"].map { kind in
            Architecture(encoder: family + kind, tiny: tiny) { config, model in
                // Either may be stored as the other is: the class only says what was done with the encoder last.
                let (alone, under) = (model.has("\(words).weight"), model.scope(prefix).has("\(words).weight"))
                let isAlone = alone || (kind == "Model" && !under)
                return try build(
                    config,
                    Parts(
                        whole: model, body: isAlone ? model : model.scope(prefix),
                        hasClassifier: kind == "ForSequenceClassification"))
            }
        }
    }

    fileprivate static func bert(
        _ config: ConfigFile, _ model: Parts, positions: Positions, types: Int,
        classifier names: (dense: String, output: String)
    ) throws -> Encoder {
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, positions: 512)
        let hidden = sizes.hidden
        if case .after(let padding) = positions, Int(padding) + 1 >= sizes.dimensions.maxPositions {
            throw config.invalid(
                "pad_token_id", "below max_position_embeddings less 1, \(sizes.dimensions.maxPositions - 1)")
        }
        let style = try config.layerNorm("layer_norm_eps", default: 1e-12)
        let activation = try config.activation(default: "gelu")
        let width = try config.feedForwardWidth(default: 4 * hidden)
        try config.require("position_embedding_type", "absolute")
        try config.require("is_decoder", false, "an encoder sees whole texts")
        try config.require("add_cross_attention", false, "an encoder attends to its own tokens")
        var classifier: SequenceClassifier?
        if model.hasClassifier {
            classifier = try SequenceClassifier(
                model.whole, labels: try config.labels(), hidden: hidden, .tanh, names: names)
        }
        return try Encoder(
            model.body, sizes, norm: style,
            tokenTypes: try config.integer("type_vocab_size", in: 0...1 << 16, default: types), positions: positions,
            classifier: classifier
        ) { layer, _ in
            let attention = layer.scope("attention")
            return DecoderLayer(
                .normedSums(
                    mixer: try attention.norm("output.LayerNorm", hidden, style),
                    feedForward: try layer.norm("output.LayerNorm", hidden, style)),
                mixer: try Attention(
                    attention, heads, hidden: hidden, rotary: nil,
                    Attention.Options(
                        ahead: .max, bias: true, outputBias: true, names: ("self.query", "self.key", "self.value"),
                        outputName: "output.dense")),
                feedForward: try PlainFeedForward(
                    layer, hidden: hidden, width: width, activation, names: ("intermediate.dense", "output.dense")))
        }
    }
}
