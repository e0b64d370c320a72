import LLMJSON
import LLMWeights

extension Architecture {
    /// The text models of Gemma 3 (Gemma Team 2025): Gemma 2 with norms of query and key heads in place of soft caps, five
    /// windowed layers to one that sees all, and rotary positions that differ between the two.
    static let gemma3 = Architecture(
        "Gemma3ForCausalLM",
        tiny: #"""
            "head_dim": 20, "query_pre_attn_scalar": 13, "sliding_window": 24, "sliding_window_pattern": 2,
            "final_logit_softcapping": 8, "rope_scaling": {"rope_type": "linear", "factor": 4}
            """#
    ) { config, model in
        try .gemma3(config, model)
    }

    /// Gemma 3 as it reads images; here text only. The text model is under names of its own.
    static let gemma3Conditional = Architecture(
        "Gemma3ForConditionalGeneration",
        tinyText: #""head_dim": 12, "sliding_window": 24, "sliding_window_pattern": 2"#
    ) { config, model in
        let text = try config.textConfig()
        // Versions of transformers differ in whether this class caps its logits.
        if text.has("final_logit_softcapping") {
            throw text.unsupported("final_logit_softcapping", "in this architecture logits have no cap")
        }
        // The published configs leave out what is their class's default.
        return try .gemma3(
            text.adding(defaults: [
                "vocab_size": .integer(262_208), "hidden_size": .integer(2304), "intermediate_size": .integer(9216),
                "num_hidden_layers": .integer(26), "num_attention_heads": .integer(8),
                "max_position_embeddings": .integer(131_072),
            ]), model.scope("language_model"))
    }
}

extension Decoder {
    fileprivate static func gemma3(_ config: ConfigFile, _ model: ModelBuilder) throws -> Decoder {
        let heads = try AttentionHeads(config, keys: 4, dim: 256)
        let sizes = try DecoderSizes(config, heads, isTied: true)
        let hidden = sizes.hidden
        let style = NormStyle.rmsPlusOne(epsilon: try config.rmsEpsilon(default: 1e-6))
        let windows = try config.patternedWindows(try config.window(default: 4096), layers: sizes.layers, default: 6)
        let bias = try config.flag("attention_bias", default: false)
        let scalar = try config.number("query_pre_attn_scalar", in: 1e-6...1e6, default: 256)
        if config.has("attn_logit_softcapping") {
            throw config.unsupported("attn_logit_softcapping", "in this architecture scores have no cap")
        }
        try config.require("hidden_activation", "gelu_pytorch_tanh")
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim, layers: .full, defaultTheta: 1e6)
        let local = RotaryScaling.Layers(
            type: "sliding_attention", thetaKey: "rope_local_base_freq", isScaled: false)
        let localRotary = try Rotary(config, dim: heads.dim, layers: local)
        let width = try config.feedForwardWidth()
        return try Decoder(
            model, sizes, norm: style, embeddingScale: Float(hidden).squareRoot(),
            softcap: try config.softcap("final_logit_softcapping", default: nil)
        ) { layer, index in
            DecoderLayer(
                try .gemma(layer, hidden, style),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden,
                    rotary: windows[index] == nil ? rotary : localRotary,
                    Attention.Options(
                        window: windows[index], headNorms: style, scale: Float(1 / scalar.squareRoot()), bias: bias,
                        outputBias: bias)),
                feedForward: try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: width, .geluTanh))
        }
    }
}
