import LLMWeights

extension Architecture {
    /// gpt-oss (OpenAI 2025): sinks in the softmax of attention, every other layer windowed, experts with bounded gates,
    /// stored as floats of 16 bits or of 4 (MXFP4).
    static let gptOss = Architecture(
        "GptOssForCausalLM",
        tiny: #"""
            "head_dim": 20, "num_local_experts": 5, "num_experts_per_tok": 2, "sliding_window": 24,
            "rope_scaling": {"rope_type": "yarn", "factor": 8, "truncate": false,
                             "original_max_position_embeddings": 64}
            """#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 8, dim: 64)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        guard config.has("rope_scaling") || config.has("rope_parameters") else { throw config.missing("rope_scaling") }
        let windows = try config.windows(
            try config.window(default: 128), layers: sizes.layers, where: { $0.isMultiple(of: 2) })
        let bias = try config.flag("attention_bias", default: true)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let routing = try Routing(config, experts: 128, chosen: 4, isNormalized: true)
        let gate = GatedFeedForward.Gate.clamped(
            alpha: Float(try config.number("swiglu_alpha", in: 1e-3...1e3, default: 1.702)),
            limit: Float(try config.number("swiglu_limit", in: 1e-3...1e6, default: 7)))
        let width = try config.feedForwardWidth()
        try config.requireSiLU()
        // In 4 bits the matrices are stored the other way round, under the names of their two parts.
        let isMXFP4 = try config.quantization()?.quantization().method == "mxfp4"
        let suffix = isMXFP4 ? ".weight" : ""
        let fused = FusedExperts(
            gateUp: "experts.gate_up_proj\(suffix)", down: "experts.down_proj\(suffix)", isTransposed: !isMXFP4,
            isInterleaved: true, biases: ("experts.gate_up_proj_bias", "experts.down_proj_bias"))
        return try .llama(
            config, model, sizes, heads, style, defaultTheta: 150000,
            options: { Attention.Options(window: windows[$0], sinks: "sinks", bias: bias, outputBias: bias) }
        ) { layer, _ in
            let block = layer.scope("mlp")
            return Experts(
                router: try block.linear("router", inputs: hidden, outputs: routing.experts, bias: true, exact: true),
                routing,
                experts: try fused.read(block, hidden: hidden, width: width, routing, gate))
        }
    }
}
