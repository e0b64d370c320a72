import LLMWeights

extension Architecture {
    /// Gemma 1 (Gemma Team 2024): Llama with GELU, norms that multiply by 1 + weight, and embeddings times the root of the
    /// width.
    static let gemma = Architecture("GemmaForCausalLM", tiny: #""head_dim": 20, "hidden_act": "gelu""#) {
        config, model in
        let heads = try AttentionHeads(config, dim: 256)
        let sizes = try DecoderSizes(config, heads, isTied: true)
        let hidden = sizes.hidden
        let style = NormStyle.rmsPlusOne(epsilon: try config.rmsEpsilon(default: 1e-6))
        let bias = try config.flag("attention_bias", default: false)
        // The published configs say gelu and mean its approximation.
        try config.require("hidden_act", "gelu_pytorch_tanh", alias: "gelu")
        try config.require("hidden_activation", "gelu_pytorch_tanh")
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim)
        let width = try config.feedForwardWidth()
        return try Decoder(model, sizes, norm: style, embeddingScale: Float(hidden).squareRoot()) { layer, _ in
            DecoderLayer(
                try .preNorm(layer, hidden, style),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(bias: bias, outputBias: bias)),
                feedForward: try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: width, .geluTanh))
        }
    }
}
