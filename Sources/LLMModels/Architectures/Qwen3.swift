import LLMWeights

extension Architecture {
    /// Qwen 3 (Yang et al. 2025): Llama with norms of query and key heads.
    static let qwen3 = Architecture("Qwen3ForCausalLM", tiny: #""head_dim": 24, "rope_theta": 1000000"#) {
        config, model in
        let heads = try AttentionHeads(config, keys: 32, dim: 128)
        let sizes = try DecoderSizes(config, heads)
        let windows = try config.qwenWindows(layers: sizes.layers)
        let bias = try config.flag("attention_bias", default: false)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon())
        return try .llama(config, model, sizes, heads, style) {
            Attention.Options(window: windows[$0], headNorms: style, bias: bias, outputBias: bias)
        }
    }
}
