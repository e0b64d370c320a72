import LLMWeights

extension Architecture {
    /// Phi-1, 1.5 and 2 (Li et al. 2023): attention and MLP side by side over one layer norm, biases everywhere, part of
    /// each head rotated.
    static let phi = Architecture("PhiForCausalLM", tiny: #""partial_rotary_factor": 0.5, "head_dim": 12"#) {
        config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_eps")
        try config.require("hidden_act", "gelu_new")
        try config.require("qk_layernorm", false, "use a model without norms of queries and keys")
        let rotary = try Rotary(config, dim: try config.rotaryDim(of: heads.dim, default: 0.5))
        let width = try config.feedForwardWidth()
        return try Decoder(
            model, sizes, norm: style, headBias: true, names: Decoder.Names(norm: "model.final_layernorm")
        ) { layer, _ in
            let norm = try layer.norm("input_layernorm", hidden, style)
            return DecoderLayer(
                .parallel(mixer: norm, feedForward: norm),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(
                        bias: true, outputBias: true, outputName: "dense")),
                feedForward: try PlainFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, .geluTanh, names: ("fc1", "fc2")))
        }
    }
}
