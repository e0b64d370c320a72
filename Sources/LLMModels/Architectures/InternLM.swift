import LLMWeights

extension Architecture {
    /// InternLM 2 and 2.5 (Cai et al. 2024): Llama with names of its own, and each key head's queries, key and value
    /// together in one matrix.
    static let internLM2 = Architecture(
        "InternLM2ForCausalLM", tiny: #""bias": true, "rope_scaling": {"type": "dynamic", "factor": 2}"#
    ) { config, model in
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        let bias = try config.flag("bias", default: true)
        try config.requireSiLU()
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim)
        let width = try config.feedForwardWidth()
        let names = Decoder.Names(embedding: "model.tok_embeddings", head: "output")
        return try Decoder(model, sizes, norm: style, names: names) { layer, _ in
            DecoderLayer(
                try .preNorm(layer, hidden, style, names: ("attention_norm", "ffn_norm")),
                mixer: try Attention(
                    layer.scope("attention"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(
                        bias: bias, outputBias: bias, outputName: "wo",
                        fused: Attention.Fused(name: "wqkv", isGrouped: true))),
                feedForward: try GatedFeedForward(
                    layer.scope("feed_forward"), hidden: hidden, width: width, names: ("w1", "w3", "w2")))
        }
    }

    /// InternLM 3 (Shanghai AI Laboratory 2025): Llama with biases of queries, keys and values or of all other matrices.
    static let internLM3 = Architecture("InternLM3ForCausalLM", tiny: #""head_dim": 20, "qkv_bias": true"#) {
        config, model in
        let config = config.named(["attention_bias": "qkv_bias", "mlp_bias": "bias"])
        let heads = try AttentionHeads(config, keys: 2, dim: 128)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let bias = try config.flag("mlp_bias", default: false)
        let options = Attention.Options(bias: try config.flag("attention_bias", default: false), outputBias: bias)
        return try .llama(config, model, try DecoderSizes(config, heads), heads, style, mlpBias: bias) { _ in options }
    }
}
