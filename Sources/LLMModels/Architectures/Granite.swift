import LLMWeights

extension Architecture {
    /// Granite 3 (IBM 2024): Llama with multipliers of embeddings, scores, block outputs and logits (after Yang et al.
    /// 2022).
    static let granite = Architecture(
        "GraniteForCausalLM",
        tiny: #"""
            "embedding_multiplier": 12, "attention_multiplier": 0.2, "residual_multiplier": 0.22, "logits_scaling": 8
            """#
    ) { config, model in
        let mlpBias = try config.flag("mlp_bias", default: false)
        let width = try config.feedForwardWidth()
        return try .granite(config, model) { layer, hidden in
            try GatedFeedForward(layer.scope("mlp"), hidden: hidden, width: width, bias: mlpBias)
        }
    }

    /// Granite 3 with experts, all of a layer in one tensor.
    static let graniteMoe = Architecture(
        "GraniteMoeForCausalLM",
        tiny: #"""
            "embedding_multiplier": 12, "attention_multiplier": 0.2, "residual_multiplier": 0.22, "logits_scaling": 6,
            "num_local_experts": 5, "num_experts_per_tok": 2
            """#
    ) { config, model in
        let routing = try Routing(config, experts: 8, chosen: 2, isNormalized: true)
        let width = try config.feedForwardWidth()
        return try .granite(config, model) { layer, hidden in
            try Experts(granite: layer, hidden: hidden, width: width, routing)
        }
    }
}

extension Experts {
    /// The experts of a layer of Granite's, and one of all tokens.
    init(
        granite layer: ModelBuilder, hidden: Int, width: Int, _ routing: Routing, shared: GatedFeedForward? = nil
    ) throws {
        let block = layer.scope("block_sparse_moe")
        let fused = FusedExperts(gateUp: "input_linear.weight", down: "output_linear.weight")
        self.init(
            router: try block.linear("router.layer", inputs: hidden, outputs: routing.experts, exact: true), routing,
            experts: try fused.read(block, hidden: hidden, width: width, routing), shared: shared)
    }
}

extension Decoder {
    /// A decoder wired as Granite's.
    ///
    /// - Parameters:
    ///   - isRotated: whether attention has rotary positions.
    ///   - recurrent: the mixer of a layer without attention; nil for a layer that has it.
    ///   - feedForward: of a layer, by the hidden size.
    static func granite(
        _ config: ConfigFile, _ model: ModelBuilder, isRotated: Bool = true,
        recurrent: (ModelBuilder, Int) throws -> (any Mixer)? = { _, _ in nil },
        feedForward: (ModelBuilder, Int) throws -> any FeedForward
    ) throws -> Decoder {
        let heads = try AttentionHeads(config)
        let sizes = try DecoderSizes(config, heads)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        let bias = try config.flag("attention_bias", default: false)
        func multiplier(_ key: String) throws(ModelError) -> Float {
            Float(try config.number(key, in: 1e-6...1e6, default: 1))
        }
        let score = try multiplier("attention_multiplier")
        try config.requireSiLU()
        return try .llama(
            config, model, sizes, heads, style,
            multipliers: Multipliers(
                embedding: try multiplier("embedding_multiplier"), residual: try multiplier("residual_multiplier"),
                logit: 1 / (try multiplier("logits_scaling"))),
            isRotated: { _ in isRotated },
            options: { _ in Attention.Options(scale: score, bias: bias, outputBias: bias) },
            recurrent: recurrent
        ) { layer, _ in try feedForward(layer, sizes.hidden) }
    }
}
