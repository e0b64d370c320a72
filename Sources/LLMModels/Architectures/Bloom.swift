import LLMWeights

extension Architecture {
    /// BLOOM (BigScience 2022): linear biases instead of positions, layer norms, also of embeddings, each head's query, key
    /// and value side by side in one matrix, GELU without gates.
    static let bloom = Architecture("BloomForCausalLM", tiny: #""layer_norm_epsilon": 1e-5"#) { config, model in
        let config = config.named([
            "hidden_size": "n_embed", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
            "max_position_embeddings": "seq_length",
        ])
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, isTied: true, positions: 2048)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_epsilon")
        try config.require("apply_residual_connection_post_layernorm", false, "the residual stream has no norm")
        let root = model.has("word_embeddings.weight") ? "" : "transformer."
        let names = Decoder.Names(
            embedding: "\(root)word_embeddings", embeddingNorm: "\(root)word_embeddings_layernorm",
            layers: "\(root)h", norm: "\(root)ln_f")
        return try Decoder(model, sizes, norm: style, normsEmbeddings: true, names: names) { layer, _ in
            DecoderLayer(
                try .preNorm(layer, hidden, style),
                mixer: try Attention(
                    layer.scope("self_attention"), heads, hidden: hidden, rotary: nil,
                    Attention.Options(
                        slopes: Alibi.slopes(heads: heads.queries), bias: true, outputBias: true, outputName: "dense",
                        fused: Attention.Fused(name: "query_key_value", isGrouped: true))),
                feedForward: try PlainFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: 4 * hidden, .geluTanh,
                    names: ("dense_h_to_4h", "dense_4h_to_h")))
        }
    }
}
