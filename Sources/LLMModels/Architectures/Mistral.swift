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
}
