import LLMWeights

extension Architecture {
    /// SmolLM 3 (Hugging Face 2025): Llama with layers that have no rotary positions, every fourth as published
    /// (Yang et al. 2025).
    static let smolLM3 = Architecture(
        "SmolLM3ForCausalLM", tiny: #""no_rope_layer_interval": 2, "attention_bias": true"#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 4)
        let sizes = try DecoderSizes(config, heads, isTied: true)
        let rotated = try config.rotatedLayers(of: sizes.layers)
        let slides = try config.flag("use_sliding_window", default: false)
        let windows = try config.windows(try config.window(default: nil), layers: sizes.layers) {
            slides && !rotated[$0]
        }
        let bias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        return try .llama(
            config, model, sizes, heads, style, mlpBias: mlpBias, defaultTheta: 2e6, isRotated: { rotated[$0] }
        ) {
            Attention.Options(window: windows[$0], bias: bias, outputBias: bias)
        }
    }
}

extension ConfigFile {
    /// Whether each layer has rotary positions: those with a 1 in `no_rope_layers`, or, where that is empty, all but every
    /// `no_rope_layer_interval`-th.
    func rotatedLayers(of layers: Int) throws(ModelError) -> [Bool] {
        let marks = try integers("no_rope_layers", in: 0...1)
        guard !marks.isEmpty else {
            let interval = try integer("no_rope_layer_interval", in: 1...1024, default: 4)
            return (0..<layers).map { ($0 + 1) % interval != 0 }
        }
        guard marks.count >= layers else {
            throw invalid("no_rope_layers", "a list of at least num_hidden_layers, \(layers), numbers")
        }
        return marks.map { $0 == 1 }
    }
}
