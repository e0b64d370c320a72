import LLMWeights

extension Architecture {
    /// Mistral 7B and what is built alike (Jiang et al. 2023): Llama with a window in every layer, where the config has one.
    static let mistral = Architecture("MistralForCausalLM", tiny: #""sliding_window": 24, "head_dim": 20"#) {
        config, model in
        let heads = try AttentionHeads(config, keys: 8)
        let window = try config.window(default: 4096)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon())
        return try .llama(config, model, try DecoderSizes(config, heads), heads, style) { _ in
            Attention.Options(window: window)
        }
    }

    /// Ministral (Mistral AI 2024): Mistral with windows in the layers that the config names.
    static let ministral = Architecture(
        "MinistralForCausalLM",
        tiny: #""sliding_window": 24, "head_dim": 20, "layer_types": ["full_attention", "sliding_attention"]"#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 8)
        let sizes = try DecoderSizes(config, heads)
        let windows = try config.windows(try config.window(default: 4096), layers: sizes.layers)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        return try .llama(config, model, sizes, heads, style) { Attention.Options(window: windows[$0]) }
    }
}
