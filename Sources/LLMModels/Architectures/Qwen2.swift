import LLMWeights

extension Architecture {
    /// Qwen 1.5, 2 and 2.5 (Yang et al. 2024): Llama with biases of queries, keys and values.
    static let qwen2 = Architecture("Qwen2ForCausalLM", tiny: #""tie_word_embeddings": true"#) { config, model in
        let heads = try AttentionHeads(config, keys: 32)
        let sizes = try DecoderSizes(config, heads)
        let windows = try config.qwenWindows(layers: sizes.layers)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon())
        return try .llama(config, model, sizes, heads, style) { Attention.Options(window: windows[$0], bias: true) }
    }
}

extension ConfigFile {
    /// The windows of Qwen's layers: from `max_window_layers` on, where `use_sliding_window` says so.
    func qwenWindows(layers: Int) throws(ModelError) -> [Int?] {
        guard try flag("use_sliding_window", default: false) else { return Array(repeating: nil, count: layers) }
        let full = try integer("max_window_layers", in: 0...1 << 20, default: 28)
        return try windows(try window(default: 4096), layers: layers) { $0 >= full }
    }
}
