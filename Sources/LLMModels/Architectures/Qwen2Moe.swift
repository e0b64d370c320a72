import LLMWeights

extension Architecture {
    /// Qwen 1.5 MoE and Qwen 2 57B (Yang et al. 2024): Qwen 2 with experts, and one of all tokens behind a gate.
    static let qwen2Moe = Architecture(
        "Qwen2MoeForCausalLM",
        tiny: #"""
            "num_experts": 5, "num_experts_per_tok": 2, "moe_intermediate_size": 20,
            "shared_expert_intermediate_size": 28, "decoder_sparse_step": 1
            """#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 16)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        // transformers 4 and 5 disagree on which layers have windows where the config does not say so.
        let hasWindows = try config.flag("use_sliding_window", default: false)
        guard !hasWindows || config.has("layer_types") else {
            throw config.unsupported("use_sliding_window", "say in layer_types which layers have windows")
        }
        let windows = try config.windows(
            hasWindows ? try config.window(default: 4096) : nil, layers: sizes.layers, where: { _ in false })
        let bias = try config.flag("qkv_bias", default: true)
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-6))
        let routing = try Routing(
            config, experts: 60, chosen: 4, isNormalized: try config.flag("norm_topk_prob", default: false))
        let hasExperts = try config.layersWithExperts(sizes.layers)
        let width = try config.feedForwardWidth()
        try config.requireSiLU()
        return try .llama(
            config, model, sizes, heads, style, options: { Attention.Options(window: windows[$0], bias: bias) }
        ) { layer, index in
            let block = layer.scope("mlp")
            return hasExperts[index]
                ? try Experts(qwen: block, config, hidden: hidden, routing)
                : try GatedFeedForward(block, hidden: hidden, width: width)
        }
    }
}

extension Experts {
    /// Qwen's experts of `moe_intermediate_size`, and one of all tokens, of `shared_expert_intermediate_size`, behind a gate.
    init(qwen block: ModelBuilder, _ config: ConfigFile, hidden: Int, _ routing: Routing) throws {
        let width = try config.feedForwardWidth("moe_intermediate_size")
        let sharedWidth = try config.feedForwardWidth("shared_expert_intermediate_size")
        let shared = try GatedFeedForward(block.scope("shared_expert"), hidden: hidden, width: sharedWidth)
        let gate = try block.linear("shared_expert_gate", inputs: hidden, outputs: 1, exact: true)
        let fused = FusedExperts(gateUp: "experts.gate_up_proj", down: "experts.down_proj")
        guard block.has(fused.gateUp) else {
            try self.init(block, hidden: hidden, width: width, routing, shared: shared, sharedGate: gate)
            return
        }
        self.init(
            router: try block.linear("gate", inputs: hidden, outputs: routing.experts, exact: true), routing,
            experts: try fused.read(block, hidden: hidden, width: width, routing), shared: shared, sharedGate: gate)
    }
}
