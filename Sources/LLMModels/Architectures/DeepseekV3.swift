import LLMWeights

extension Architecture {
    /// DeepSeek-V3 and R1 (DeepSeek-AI 2024), Kimi K2 and what is built alike: DeepSeek-V2 with a router that is balanced
    /// by a bias of the choice. The layers that predict further tokens are not read.
    static let deepseekV3 = Architecture(
        "DeepseekV3ForCausalLM",
        tiny: #"""
            "kv_lora_rank": 20, "q_lora_rank": 28, "qk_nope_head_dim": 12, "qk_rope_head_dim": 8, "v_head_dim": 10,
            "n_routed_experts": 8, "num_experts_per_tok": 3, "n_group": 4, "topk_group": 2,
            "moe_intermediate_size": 24, "first_k_dense_replace": 1
            """#
    ) { config, model in
        let routing = try Routing(balanced: config, experts: 256, chosen: 8, groups: (8, 4), scale: 2.5)
        return try .deepseek(config, model, dense: 3, shared: 1) { try routing.withBias($0) }
    }
}

extension Routing {
    /// The choice by sigmoids plus a bias that balances the experts' loads (Wang et al. 2024), by groups of which the two
    /// best experts count.
    ///
    /// - Parameters: what the config's keys default to.
    init(
        balanced config: ConfigFile, experts: Int, chosen: Int, groups: (all: Int, chosen: Int), scale: Double
    ) throws(ModelError) {
        let experts = try config.integer("n_routed_experts", in: 2...4096, default: experts)
        self.init(
            experts: experts,
            chosen: try config.integer("num_experts_per_tok", in: 1...experts, default: min(chosen, experts)),
            scores: .sigmoid)
        self.groups = try config.groups(experts, self.chosen, best: 2, defaults: groups)
        isNormalized = try config.flag("norm_topk_prob", default: true)
        self.scale = try config.routedScale(default: scale)
        try config.require("scoring_func", "sigmoid")
        try config.require("topk_method", "noaux_tc")
    }

    /// With the bias of a layer's router.
    func withBias(_ block: ModelBuilder) throws(ModelError) -> Routing {
        var routing = self
        routing.bias = try block.vector("gate.e_score_correction_bias", experts)
        return routing
    }
}
