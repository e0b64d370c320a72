import LLMWeights

extension Architecture {
    /// StableLM 3B and 2 (Bellagente et al. 2024): Llama with layer norms and part of each head rotated; the larger ones have
    /// both blocks side by side and a norm of its own for each head.
    static let stableLM = Architecture(
        "StableLmForCausalLM",
        tiny: #"""
            "partial_rotary_factor": 0.5, "use_qkv_bias": true, "qk_layernorm": true, "use_parallel_residual": true
            """#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 32)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_eps")
        let isParallel = try config.flag("use_parallel_residual", default: false)
        let headNorms = try config.flag("qk_layernorm", default: false)
        let options = Attention.Options(
            headNorms: headNorms ? try config.layerNorm("layer_norm_eps", bias: false) : nil, normSpan: .ownHead,
            bias: try config.flag("use_qkv_bias", default: false))
        let activation = try config.activation(default: "silu")
        let rotary = try Rotary(config, dim: try config.rotaryDim(of: heads.dim, default: 0.25))
        let width = try config.feedForwardWidth()
        return try Decoder(model, sizes, norm: style) { layer, _ in
            let norm = try layer.norm("input_layernorm", hidden, style)
            return DecoderLayer(
                isParallel
                    ? .parallel(mixer: norm, feedForward: norm)
                    : .preNorm(norm, try layer.norm("post_attention_layernorm", hidden, style)),
                mixer: try Attention(layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary, options),
                feedForward: try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: width, activation))
        }
    }
}
