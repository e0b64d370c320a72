import LLMWeights

extension Architecture {
    /// Bamba (IBM, Princeton, CMU and UIUC 2024): Llama with Mamba-2 in place of most layers' attention; half of each head
    /// is rotated.
    static let bamba = Architecture(
        "BambaForCausalLM",
        tiny: #"""
            "attn_layer_indices": [1], "mamba_n_heads": 4, "mamba_d_head": "auto", "mamba_d_state": 20,
            "mamba_n_groups": 2
            """#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 8)
        let sizes = try DecoderSizes(config, heads, positions: 262_144)
        let hidden = sizes.hidden
        let attended = try config.layerIndices("attn_layer_indices", of: sizes.layers)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let mamba = try Mamba2Mixer.Sizes(config)
        let bias = try config.flag("mamba_proj_bias", default: false)
        let convolutionBias = try config.flag("mamba_conv_bias", default: true)
        let attentionBias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        let width = try config.feedForwardWidth()
        let rotary = try Rotary(config, dim: try config.rotaryDim(of: heads.dim, default: 0.5))
        let names = Decoder.Names(norm: "model.final_layernorm")
        return try Decoder(model, sizes, norm: style, names: names) { layer, index in
            DecoderLayer(
                try .preNorm(layer, hidden, style, names: ("input_layernorm", "pre_ff_layernorm")),
                mixer: attended.contains(index)
                    ? try Attention(
                        layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary,
                        Attention.Options(bias: attentionBias, outputBias: attentionBias))
                    : try Mamba2Mixer(
                        layer.scope("mamba"), mamba, norm: style, bias: bias, convolutionBias: convolutionBias),
                feedForward: try GatedFeedForward(
                    layer.scope("feed_forward"), hidden: hidden, width: width, bias: mlpBias))
        }
    }
}
