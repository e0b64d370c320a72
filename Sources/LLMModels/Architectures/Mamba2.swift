import LLMWeights

extension Architecture {
    /// Mamba 2 (Dao and Gu 2024): state-space layers alone, without attention and feed-forward blocks.
    static let mamba2 = Architecture(
        "Mamba2ForCausalLM",
        tiny: #"""
            "num_heads": 4, "head_dim": 24, "state_size": 20, "n_groups": 2, "conv_kernel": 4
            """#
    ) { config, model in
        let config = config.named(ConfigFile.mamba2Names)
        let mamba = try Mamba2Mixer.Sizes(config, groups: 8, state: 128)
        // The model has no longest text.
        let sizes = try DecoderSizes(
            config, heads: mamba.heads, keys: mamba.heads, headDim: mamba.dim, positions: 1 << 20)
        let style = NormStyle.rms(epsilon: Float(try config.number("layer_norm_epsilon", in: 0...1, default: 1e-5)))
        let bias = try config.flag("mamba_proj_bias", default: false)
        let convolutionBias = try config.flag("mamba_conv_bias", default: true)
        let names = Decoder.Names(
            embedding: "backbone.embeddings", layers: "backbone.layers", norm: "backbone.norm_f")
        return try Decoder(model, sizes, norm: style, names: names) { layer, _ in
            DecoderLayer(
                .single(try layer.norm("norm", sizes.hidden, style)),
                mixer: try Mamba2Mixer(
                    layer.scope("mixer"), mamba, norm: style, bias: bias,
                    convolutionBias: convolutionBias))
        }
    }
}

extension ConfigFile {
    /// What Mamba 2 calls the keys that models with layers of it and of attention have.
    static let mamba2Names = [
        "mamba_n_heads": "num_heads", "mamba_d_head": "head_dim", "mamba_n_groups": "n_groups",
        "mamba_d_state": "state_size", "mamba_d_conv": "conv_kernel", "mamba_expand": "expand",
        "mamba_proj_bias": "use_bias", "mamba_conv_bias": "use_conv_bias",
    ]
}
