import LLMWeights

extension Architecture {
    /// The text model of Llama 4 (Meta 2025): attention in chunks, but for some layers that see all and do not rotate;
    /// norms of rotated heads; experts that read their inputs times the router's score, and one of all tokens.
    static let llama4 = Architecture(
        "Llama4ForCausalLM",
        tiny: #"""
            "head_dim": 20, "num_local_experts": 5, "num_experts_per_tok": 1, "intermediate_size_mlp": 60,
            "interleave_moe_layer_step": 2, "no_rope_layer_interval": 2, "attention_chunk_size": 24, "floor_scale": 16
            """#
    ) { config, model in
        try .llama4(config, model)
    }

    /// Llama 4 as it reads images; here text only. The text model is under names of its own.
    static let llama4Conditional = Architecture(
        "Llama4ForConditionalGeneration",
        tinyText: #"""
            "head_dim": 12, "intermediate_size_mlp": 52, "num_local_experts": 3, "attention_chunk_size": 24, "no_rope_layer_interval": 2,
            "interleave_moe_layer_step": 2
            """#
    ) { config, model in
        try .llama4(config.textConfig(), model.scope("language_model"))
    }
}

extension Decoder {
    fileprivate static func llama4(_ config: ConfigFile, _ model: ModelBuilder) throws -> Decoder {
        let heads = try AttentionHeads(config, keys: 8, dim: 128)
        let sizes = try DecoderSizes(config, heads)
        let (hidden, layers) = (sizes.hidden, sizes.layers)
        let epsilon = try config.rmsEpsilon(default: 1e-5)
        let style = NormStyle.rms(epsilon: epsilon)
        let bias = try config.flag("attention_bias", default: false)
        let rotates = try config.rotatedLayers(of: layers)
        let chunk = try config.window("attention_chunk_size", default: 8192)
        let chunks = try config.windows(chunk, layers: layers, type: "chunked_attention") { rotates[$0] }
        let norms = try config.flag("use_qk_norm", default: true) ? epsilon : nil
        let temperature = try config.temperature()
        let routing = try Routing(config, experts: 16, chosen: 1, scores: .sigmoid, isNormalized: false)
        let fused = FusedExperts(gateUp: "experts.gate_up_proj", down: "experts.down_proj", isTransposed: true)
        let step = try config.integer("interleave_moe_layer_step", in: 1...1024, default: 1)
        let withExperts =
            config.has("moe_layers")
            ? try config.layerIndices("moe_layers", of: layers) : (0..<layers).filter { ($0 + 1) % step == 0 }
        let width = try config.feedForwardWidth()
        let denseWidth = try config.feedForwardWidth("intermediate_size_mlp")
        try config.requireSiLU()
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim, layout: .interleaved, defaultTheta: 500000)
        return try Decoder(model, sizes, norm: style) { layer, index in
            let block = layer.scope("feed_forward")
            return DecoderLayer(
                try .preNorm(layer, hidden, style),
                mixer: try Attention(
                    layer.scope("self_attn"), heads, hidden: hidden, rotary: rotates[index] ? rotary : nil,
                    Attention.Options(
                        window: chunks[index], isChunked: chunks[index] != nil,
                        rotatedNorms: rotates[index] ? norms : nil, temperature: rotates[index] ? nil : temperature,
                        bias: bias, outputBias: bias)),
                feedForward: withExperts.contains(index)
                    ? Experts(
                        router: try block.linear("router", inputs: hidden, outputs: routing.experts, exact: true),
                        routing,
                        experts: try fused.read(block, hidden: hidden, width: width, routing),
                        shared: try GatedFeedForward(block.scope("shared_expert"), hidden: hidden, width: width),
                        weighsInputs: true)
                    : try GatedFeedForward(block, hidden: hidden, width: denseWidth))
        }
    }
}

extension ConfigFile {
    /// How queries of layers that do not rotate grow; nil where `attn_temperature_tuning` is false, or 0 in older files.
    fileprivate func temperature() throws(ModelError) -> Attention.Temperature? {
        let key = "attn_temperature_tuning"
        let isTuned: Bool
        if case .integer? = field(key) {
            isTuned = try integer(key, in: 0...1 << 20) != 0
        } else {
            isTuned = try flag(key, default: true)
        }
        guard isTuned else { return nil }
        return Attention.Temperature(
            interval: try integer("floor_scale", in: 1...1 << 30, default: 8192),
            weight: try number("attn_scale", in: 0...1e3, default: 0.1))
    }
}
