import LLMWeights

extension Architecture {
    /// Mistral 7B and what is built alike (Jiang et al. 2023): Llama with a window in every layer, where the config has one.
    static let mistral = Architecture("MistralForCausalLM", tiny: #""sliding_window": 24, "head_dim": 20"#) {
        config, model in
        try .mistral(config, model)
    }

    /// Mistral Small 3.1 and what is built alike (Mistral AI 2025), which read images; here text only. The text model is
    /// under names of its own.
    static let mistral3Conditional = Architecture(
        "Mistral3ForConditionalGeneration",
        tinyText: #""head_dim": 12, "model_type": "mistral", "rms_norm_eps": 1e-5, "sliding_window": null"#
    ) { config, model in
        let text = try config.textConfig()
        try text.require("model_type", "mistral")
        return try .mistral(text, model.scope("language_model"))
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

extension Decoder {
    fileprivate static func mistral(_ config: ConfigFile, _ model: ModelBuilder) throws -> Decoder {
        let heads = try AttentionHeads(config, keys: 8)
        let window = try config.window(default: 4096)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon())
        return try .llama(config, model, try DecoderSizes(config, heads), heads, style) { _ in
            Attention.Options(window: window)
        }
    }
}
