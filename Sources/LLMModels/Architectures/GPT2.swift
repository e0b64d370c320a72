import LLMWeights

extension Architecture {
    /// GPT-2 (Radford et al. 2019): learned positions, layer norms, queries, keys and values in one matrix, matrices stored
    /// as `[inputs, outputs]`.
    static let gpt2 = Architecture("GPT2LMHeadModel", tiny: #""scale_attn_by_inverse_layer_idx": true"#) {
        config, model in
        let config = config.named(ConfigFile.gptNames)
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, isTied: true, positions: 1024)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_epsilon")
        let activation = try config.activation("activation_function", default: "gelu_new")
        let width = try config.feedForwardWidth(default: 4 * hidden)
        try config.require("add_cross_attention", false, "a decoder attends to its own tokens")
        let scale = try config.flag("scale_attn_weights", default: true) ? 1 / Float(heads.dim).squareRoot() : 1
        let scalesByLayer = try config.flag("scale_attn_by_inverse_layer_idx", default: false)
        // The files of GPT-2 itself have no prefix, those of models trained from it have.
        let names = Decoder.Names(gptUnder: model.has("wte.weight") ? "" : "transformer.")
        // Files that llama.cpp's converter made have them the other way round.
        let isTransposed = !model.has("\(names.layers).0.attn.c_attn.weight", [3 * hidden, hidden])
        return try Decoder(model, sizes, norm: style, firstPosition: 0, names: names) { layer, index in
            let layer = isTransposed ? layer.transposed : layer
            return DecoderLayer(
                try .preNorm(layer, hidden, style, names: ("ln_1", "ln_2")),
                mixer: try Attention(
                    layer.scope("attn"), heads, hidden: hidden, rotary: nil,
                    Attention.Options(
                        scale: scalesByLayer ? scale / Float(index + 1) : scale, bias: true, outputBias: true,
                        outputName: "c_proj", fused: Attention.Fused(name: "c_attn"))),
                feedForward: try PlainFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, activation, names: ("c_fc", "c_proj")))
        }
    }
}

extension ConfigFile {
    /// What GPT-2 and GPT-J call the usual keys.
    static let gptNames = [
        "hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
        "max_position_embeddings": "n_positions", "intermediate_size": "n_inner",
    ]
}

extension Decoder.Names {
    /// GPT-2's and GPT-J's, but for the output head all under a prefix.
    init(gptUnder prefix: String) {
        self.init(embedding: "\(prefix)wte", positions: "\(prefix)wpe", layers: "\(prefix)h", norm: "\(prefix)ln_f")
    }
}
