import LLMWeights

extension Architecture {
    /// GPT-J (Wang and Komatsuzaki 2021): both blocks over one layer norm, neighbouring elements rotated in part of each
    /// head, a bias of the output head.
    static let gptJ = Architecture("GPTJForCausalLM", tiny: #""rotary_dim": 8"#) { config, model in
        let config = config.named(ConfigFile.gptNames)
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, positions: 2048)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_epsilon")
        let activation = try config.activation("activation_function", default: "gelu_new")
        let width = try config.feedForwardWidth(default: 4 * hidden)
        try config.require("rotary", true, "this architecture has rotary positions")
        try config.require("scale_attn_weights", true, "this architecture scales scores by the head's size")
        try config.require("tie_word_embeddings", false, "this architecture's output head is its own")
        guard !config.isNull("rotary_dim") else { throw config.unsupported("rotary_dim", "say how much is rotated") }
        let rotated = try config.integer("rotary_dim", in: 2...heads.dim, default: 64)
        guard rotated % 2 == 0 else { throw config.invalid("rotary_dim", "even, not \(rotated)") }
        let rotary = try Rotary(config, dim: rotated, layout: .interleaved)
        let names = Decoder.Names(gptUnder: "transformer.")
        return try Decoder(model, sizes, norm: style, headBias: true, names: names) { layer, _ in
            let norm = try layer.norm("ln_1", hidden, style)
            return DecoderLayer(
                .parallel(mixer: norm, feedForward: norm),
                mixer: try Attention(
                    layer.scope("attn"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(outputName: "out_proj")),
                feedForward: try PlainFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, activation, names: ("fc_in", "fc_out")))
        }
    }
}
