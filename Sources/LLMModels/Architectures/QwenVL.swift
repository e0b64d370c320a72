import LLMWeights

// Qwen's models that read images (Wang et al. 2024, Bai et al. 2025); here text only.

extension Architecture {
    static let qwen2VL = Architecture("Qwen2VLForConditionalGeneration", tiny: qwen2VLTiny) { config, model in
        try .qwen2VL(config, model)
    }

    static let qwen25VL = Architecture("Qwen2_5_VLForConditionalGeneration", tiny: qwen2VLTiny) { config, model in
        try .qwen2VL(config, model)
    }

    private static let qwen2VLTiny = #""rope_scaling": {"type": "mrope", "mrope_section": [2, 2, 2]}"#

    static let qwen3VL = Architecture(
        "Qwen3VLForConditionalGeneration",
        tinyText: #""head_dim": 12"#
    ) { config, model in
        let text = try config.textConfig()
        let heads = try AttentionHeads(text, keys: 32, dim: 128)
        let style = NormStyle.rms(epsilon: try text.rmsEpsilon(default: 1e-6))
        let bias = try text.flag("attention_bias", default: false)
        return try .llama(
            text, model, try DecoderSizes(text, heads), heads, style,
            names: Decoder.Names(textModel: "model.language_model"), defaultTheta: 500_000
        ) { _ in Attention.Options(headNorms: style, bias: bias, outputBias: bias) }
    }
}

extension Decoder {
    /// Qwen 2 and 2.5, of which published configs have the text model's keys beside the others.
    fileprivate static func qwen2VL(_ config: ConfigFile, _ model: ModelBuilder) throws -> Decoder {
        let text = config.has("text_config") ? try config.textConfig() : config
        let heads = try AttentionHeads(text, keys: 8)
        let sizes = try DecoderSizes(text, heads)
        let windows = try text.qwenWindows(layers: sizes.layers)
        let style = NormStyle.rms(epsilon: try text.rmsEpsilon(default: 1e-5))
        return try .llama(text, model, sizes, heads, style, defaultTheta: 1e6) {
            Attention.Options(window: windows[$0], bias: true)
        }
    }
}

extension Decoder.Names {
    /// A text model's tensors under a prefix, but for the output head.
    init(textModel prefix: String) {
        self.init(embedding: "\(prefix).embed_tokens", layers: "\(prefix).layers", norm: "\(prefix).norm")
    }
}
