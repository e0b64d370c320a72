import LLMWeights

extension Architecture {
    /// MPT (MosaicML 2023): linear biases instead of positions, layer norms without biases, queries, keys and values in one
    /// matrix and clipped where the config says so, GELU without gates.
    static let mpt = Architecture(
        "MptForCausalLM", tiny: #""attn_config": {"alibi": true, "alibi_bias_max": 4, "clip_qkv": 0.5}"#
    ) { config, model in
        let config = config.named([
            "hidden_size": "d_model", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads",
            "max_position_embeddings": "max_seq_len",
        ])
        guard let attention = try config.object("attn_config") else { throw config.missing("attn_config") }
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, isTied: true, positions: 2048)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_epsilon", bias: false)
        let width = try config.integer("expansion_ratio", in: 1...64, default: 4) * hidden
        try config.require("no_bias", true, "this architecture has no biases")
        if config.has("logit_scale") { throw config.unsupported("logit_scale", "its class takes logits as they are") }
        try attention.require("alibi", true, "use a model with linear biases")
        try attention.require("attn_type", "multihead_attention")
        for key in ["prefix_lm", "qk_ln"] {
            try attention.require(key, false, "its class has neither a prefix nor norms of queries and keys")
        }
        let most = try attention.number("alibi_bias_max", in: 1e-6...1e6, default: 8)
        let scale = attention.has("softmax_scale") ? Float(try attention.number("softmax_scale", in: 0...1e6)) : nil
        let clip = try attention.clip()
        let names = Decoder.Names(
            embedding: "transformer.wte", layers: "transformer.blocks", norm: "transformer.norm_f")
        return try Decoder(model, sizes, norm: style, names: names) { layer, _ in
            DecoderLayer(
                try .preNorm(layer, hidden, style, names: ("norm_1", "norm_2")),
                mixer: try Attention(
                    layer.scope("attn"), heads, hidden: hidden, rotary: nil,
                    Attention.Options(
                        clip: clip == 0 ? nil : clip, scale: scale,
                        slopes: Alibi.slopes(heads: heads.queries, most: most), outputName: "out_proj",
                        fused: Attention.Fused(name: "Wqkv"))),
                feedForward: try PlainFeedForward(
                    layer.scope("ffn"), hidden: hidden, width: width, .gelu, bias: false,
                    names: ("up_proj", "down_proj")))
        }
    }
}
