import LLMWeights

extension Architecture {
    /// OPT (Zhang et al. 2022): learned positions, of which the first is the table's third row, layer norms, ReLU.
    static let opt = Architecture("OPTForCausalLM", tiny: #""word_embed_proj_dim": 48"#) { config, model in
        let config = config.named(["intermediate_size": "ffn_dim"])
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, isTied: true, positions: 2048)
        let hidden = sizes.hidden
        guard try config.integer("word_embed_proj_dim", in: 1...1 << 17, default: hidden) == hidden else {
            throw config.unsupported("word_embed_proj_dim", "use a model whose embeddings are as wide as its layers")
        }
        try config.require("do_layer_norm_before", true, "use a model with norms before its blocks")
        try config.require("_remove_final_layer_norm", false, "use a model with a last norm")
        try config.require("layer_norm_elementwise_affine", true, "use a model whose norms have weights")
        // The class's own epsilon.
        let style = NormStyle.layer(epsilon: 1e-5, bias: true)
        let bias = try config.flag("enable_bias", default: true)
        let activation = try config.activation("activation_function", default: "relu")
        let width = try config.feedForwardWidth()
        // Some of Meta's files name the decoder without the model that it is part of.
        let root = model.has("decoder.embed_tokens.weight") ? "decoder" : "model.decoder"
        let names = Decoder.Names(
            embedding: "\(root).embed_tokens", positions: "\(root).embed_positions", layers: "\(root).layers",
            norm: "\(root).final_layer_norm")
        return try Decoder(model, sizes, norm: style, firstPosition: 2, names: names) { layer, _ in
            DecoderLayer(
                try .preNorm(layer, hidden, style, names: ("self_attn_layer_norm", "final_layer_norm")),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: nil,
                    Attention.Options(bias: bias, outputBias: bias, outputName: "out_proj")),
                feedForward: try PlainFeedForward(
                    layer, hidden: hidden, width: width, activation, bias: bias, names: ("fc1", "fc2")))
        }
    }
}
