import LLMWeights

extension Architecture {
    /// StarCoder 2 (Lozhkov et al. 2024): layer norms, an MLP without gates, biases everywhere, a window.
    static let starcoder2 = Architecture("Starcoder2ForCausalLM", tiny: #""sliding_window": 24"#) { config, model in
        let heads = try AttentionHeads(config, keys: 2)
        let sizes = try DecoderSizes(config, heads, isTied: true)
        let hidden = sizes.hidden
        let style = try config.layerNorm("norm_epsilon")
        let windows = try config.windows(try config.window(default: nil), layers: sizes.layers)
        let bias = try config.flag("use_bias", default: true)
        try config.require("mlp_type", "default")
        try config.require("norm_type", "layer_norm")
        let activation = try config.activation(default: "gelu_pytorch_tanh")
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim)
        let width = try config.feedForwardWidth()
        return try Decoder(model, sizes, norm: style) { layer, index in
            DecoderLayer(
                try .preNorm(layer, hidden, style),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(window: windows[index], bias: bias, outputBias: bias)),
                feedForward: try PlainFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, activation, bias: bias,
                    names: ("c_fc", "c_proj")))
        }
    }
}
