import LLMWeights

extension Architecture {
    /// The text models of Qwen 3.5 (Qwen Team 2026): Qwen3-Next without experts, the rule's matrices apart.
    static let qwen3_5 = Architecture("Qwen3_5ForCausalLM", tiny: qwen3_5Tiny) { config, model in
        try .qwen3_5(config, model)
    }

    /// The same with experts, in every layer.
    static let qwen3_5Moe = Architecture("Qwen3_5MoeForCausalLM", tiny: qwen3_5MoeTiny) { config, model in
        try .qwen3_5Moe(config, model)
    }

    /// Qwen 3.5 as it reads images; here text only. The text model is under names of its own.
    static let qwen3_5Conditional = Architecture(
        "Qwen3_5ForConditionalGeneration", tinyText: qwen3_5Tiny
    ) { config, model in
        try .qwen3_5(try config.textConfig(), model, names: Decoder.Names(textModel: "model.language_model"))
    }

    /// The same with experts.
    static let qwen3_5MoeConditional = Architecture(
        "Qwen3_5MoeForConditionalGeneration", tinyText: qwen3_5MoeTiny
    ) { config, model in
        try .qwen3_5Moe(try config.textConfig(), model, names: Decoder.Names(textModel: "model.language_model"))
    }

    private static let qwen3_5Tiny = #"""
        "head_dim": 24, "full_attention_interval": 2, "linear_num_value_heads": 4, "linear_num_key_heads": 2,
        "linear_key_head_dim": 20, "linear_value_head_dim": 12
        """#
    private static let qwen3_5MoeTiny = #"""
        \#(qwen3_5Tiny), "num_experts": 5, "num_experts_per_tok": 2, "moe_intermediate_size": 20,
        "shared_expert_intermediate_size": 28
        """#
}

extension Decoder {
    fileprivate static func qwen3_5(
        _ config: ConfigFile, _ model: ModelBuilder, names: Names = Names()
    ) throws -> Decoder {
        let width = try config.feedForwardWidth()
        return try .qwenHybrid(config, model, keys: 4, .split, names: names) { block, _, sizes in
            try GatedFeedForward(block, hidden: sizes.hidden, width: width)
        }
    }

    fileprivate static func qwen3_5Moe(
        _ config: ConfigFile, _ model: ModelBuilder, names: Names = Names()
    ) throws -> Decoder {
        let routing = try Routing(config, experts: 256, chosen: 8, isNormalized: true)
        return try .qwenHybrid(config, model, keys: 2, .split, names: names) { block, _, sizes in
            try Experts(qwen: block, config, hidden: sizes.hidden, routing)
        }
    }
}
