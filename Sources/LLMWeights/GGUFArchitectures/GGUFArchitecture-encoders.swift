import LLMJSON

// Encoders, which embed and score texts.
extension GGUFArchitecture {
    /// BERT, and of RoBERTa's and DistilBERT's kind what computes the same: positions are counted from 0 in these files, and
    /// there may be no token types.
    static let bert = bert("BertModel")

    /// With a head that scores texts, as BERT calls RoBERTa's. Of BERT itself files have a part of the head only.
    static let bertClassifier = bert(
        "BertForSequenceClassification",
        when: { keys throws(WeightsError) in
            ["cls.weight", "cls.output.weight", "token_types.weight"].allSatisfy(keys.hasTensor)
        },
        model: [GGUFTensorName("cls", "bert.pooler.dense"), GGUFTensorName("cls.output", "classifier")])

    private static func bert(
        _ hubName: String, when isMeant: (@Sendable (GGUFKeys) throws(WeightsError) -> Bool)? = nil,
        model: [GGUFTensorName] = []
    ) -> GGUFArchitecture {
        GGUFArchitecture(
            "bert", hubName, when: isMeant, keys: encoderKeys + GGUFKey.layerNorm("layer_norm_eps"),
            model: embeddings("embeddings.LayerNorm") + model + [
                GGUFTensorName("position_embd", "embeddings.position_embeddings")
            ],
            layer: ["q": "query", "k": "key", "v": "value"].map {
                GGUFTensorName("attn_\($0)", "attention.self.\($1)")
            } + [
                GGUFTensorName("attn_output", "attention.output.dense"),
                GGUFTensorName("attn_output_norm", "attention.output.LayerNorm"),
                GGUFTensorName("ffn_up", "intermediate.dense"), GGUFTensorName("ffn_down", "output.dense"),
                GGUFTensorName("layer_output_norm", "output.LayerNorm"),
            ], layers: "encoder.layer.#.", rotation: .none, others: writeTypes)
    }

    static let nomicBERT = GGUFArchitecture(
        "nomic-bert", "NomicBertModel", keys: encoderKeys + GGUFKey.layerNorm("layer_norm_epsilon"),
        model: embeddings("emb_ln"),
        layer: [
            GGUFTensorName("attn_qkv", "attn.Wqkv"), GGUFTensorName("attn_output", "attn.out_proj"),
            GGUFTensorName("attn_output_norm", "norm1"), GGUFTensorName("layer_output_norm", "norm2"),
            GGUFTensorName("ffn_up", "mlp.fc11"), GGUFTensorName("ffn_gate", "mlp.fc12"),
            GGUFTensorName("ffn_down", "mlp.fc2"),
        ], layers: "encoder.layers.#.", others: writeTypes)

    /// That one layer in three sees the whole text is a constant of llama.cpp.
    static let modernBERT = GGUFArchitecture(
        "modern-bert", "ModernBertModel",
        keys: encoderKeys + [
            .number("rope.freq_base", "global_rope_theta"), .number("rope.freq_base_swa", "local_rope_theta"),
            .other("attention.layer_norm_rms_epsilon"), .other("attention.layer_norm_epsilon"),
            .count("attention.sliding_window", "local_attention"),
            .count("attention.sliding_window_pattern", "global_attn_every_n_layers", .standard(.integer(3))),
            .other("hidden_activation"), .other("classifier.pooling_type"),
        ],
        model: [
            GGUFTensorName("token_embd", "embeddings.tok_embeddings"),
            GGUFTensorName("token_embd_norm", "embeddings.norm"), GGUFTensorName("output_norm", "final_norm"),
        ],
        layer: [
            GGUFTensorName("attn_norm", "attn_norm"), GGUFTensorName("attn_qkv", "attn.Wqkv"),
            GGUFTensorName("attn_output", "attn.Wo"), GGUFTensorName("ffn_norm", "mlp_norm"),
            GGUFTensorName("ffn_up", "mlp.Wi"), GGUFTensorName("ffn_down", "mlp.Wo"),
        ], layers: "layers.#.", windows: .own
    ) { keys, json throws(WeightsError) in
        let epsilon = "attention.layer_norm_epsilon"
        let own = keys.has(epsilon) ? epsilon : "attention.layer_norm_rms_epsilon"
        json.member("norm_eps", try keys.number(own))
        let activation = try keys.values.string(keys.name("hidden_activation"), default: "gelu")
        json.member("hidden_activation", activation)
    }

    private static let encoderKeys: [GGUFKey] = [
        .fixed("attention.causal", .flag(false)), .other("classifier.output_labels"),
    ]

    private static func embeddings(_ norm: String) -> [GGUFTensorName] {
        [
            GGUFTensorName("token_embd", "embeddings.word_embeddings"), GGUFTensorName("token_embd_norm", norm),
            GGUFTensorName("token_types", "embeddings.token_type_embeddings"),
        ]
    }

    private static let writeTypes: @Sendable (GGUFKeys, inout JSONWriter) throws(WeightsError) -> Void = {
        keys, json in
        json.member("type_vocab_size", keys.file.info(named: "token_types.weight")?.shape.first ?? 0)
        if let labels = keys.file.info(named: "cls.output.weight")?.shape.first { json.member("num_labels", labels) }
    }
}
