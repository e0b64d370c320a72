import LLMJSON

// Those with latent attention.
extension GGUFArchitecture {
    static let deepseekV2 = deepseek(
        "DeepseekV2ForCausalLM", gating: 1
    ) { keys, json throws(WeightsError) in
        let groups = try keys.count("expert_group_count", default: 1)
        json.member("topk_method", groups > 1 ? "group_limited_greedy" : "greedy")
        json.member("n_group", groups)
        json.member("topk_group", try keys.count("expert_group_used_count", default: 1))
    }

    /// Its router has a bias.
    static let deepseekV3 = deepseek(
        "DeepseekV3ForCausalLM", gating: 2,
        when: { keys throws(WeightsError) in
            if try keys.count("expert_gating_func", default: 0) == 2 { return true }
            return keys.file.contains(
                "blk.\(try keys.count("leading_dense_block_count", default: 0)).exp_probs_b.bias")
        }
    ) { keys, json throws(WeightsError) in
        // Files from before there were keys for it: DeepSeek's own have 8 groups, others one.
        let isOwn = try keys.count("expert_count") == 256
        json.member("n_group", try keys.count("expert_group_count", default: isOwn ? 8 : 1))
        json.member("topk_group", try keys.count("expert_group_used_count", default: isOwn ? 4 : 1))
    }

    private static func deepseek(
        _ hubName: String, gating: Int, when isMeant: (@Sendable (GGUFKeys) throws(WeightsError) -> Bool)? = nil,
        groups: @escaping @Sendable (GGUFKeys, inout JSONWriter) throws(WeightsError) -> Void
    ) -> GGUFArchitecture {
        GGUFArchitecture(
            "deepseek2", hubName, when: isMeant,
            keys: GGUFKey.experts("n_routed_experts") + GGUFKey.sharingExperts + latentKeys + [
                .fixed("expert_gating_func", .integer(gating)), .other("expert_group_count"),
                .other("expert_group_used_count"), .other("rope.scaling.yarn_log_multiplier"),
            ],
            layer: latentNames + GGUFTensorTable.experts("mlp") + GGUFTensorTable.sharedExpert("mlp.shared_experts") + [
                GGUFTensorName("exp_probs_b.bias", "mlp.gate.e_score_correction_bias")
            ], rotation: .latent
        ) { keys, json throws(WeightsError) in
            // Of heads as they are before keys and values are one latent vector; older files say them so alone.
            let (key, value) = (
                keys.has("attention.key_length_mla") ? "attention.key_length_mla" : "attention.key_length",
                keys.has("attention.value_length_mla") ? "attention.value_length_mla" : "attention.value_length"
            )
            try keys.write(latentKey: try keys.count(key), value: try keys.count(value), &json)
            try groups(keys, &json)
        }
    }

    /// The multipliers are constants of llama.cpp.
    static let miniCPM3 = GGUFArchitecture(
        "minicpm3", "MiniCPM3ForCausalLM", keys: latentKeys,
        constants: [
            ("scale_emb", .integer(12)), ("dim_model_base", .integer(256)), ("scale_depth", .number(1.4)),
        ], layer: latentNames, rotation: .latent
    ) { keys, json throws(WeightsError) in
        let name = "blk.0.attn_output.weight"
        guard let columns = keys.file.info(named: name)?.shape.last else {
            throw .missing(name, in: keys.file.file.path, of: keys.file.tensors)
        }
        try keys.write(latentKey: try keys.headDim(), value: columns / keys.heads(), &json)
    }

    private static let latentKeys: [GGUFKey] = [
        .count("attention.kv_lora_rank", "kv_lora_rank"), .other("attention.q_lora_rank"),
        .count("rope.dimension_count", "qk_rope_head_dim"), .other("attention.key_length_mla"),
        .other("attention.value_length_mla"),
    ]

    private static let latentNames = [
        GGUFTensorName("attn_q_a", "self_attn.q_a_proj"), GGUFTensorName("attn_q_a_norm", "self_attn.q_a_layernorm"),
        GGUFTensorName("attn_q_b", "self_attn.q_b_proj"), GGUFTensorName("attn_kv_a_norm", "self_attn.kv_a_layernorm"),
        GGUFTensorName("attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"),
        GGUFTensorName("attn_kv_b", "self_attn.kv_b_proj"), GGUFTensorName("attn_k_b", "self_attn.k_b_proj"),
        GGUFTensorName("attn_v_b", "self_attn.v_b_proj"),
    ]
}

extension GGUFKey {
    /// Of architectures with experts of all tokens, and dense layers before those with experts.
    static let sharingExperts: [GGUFKey] = [
        .count("expert_feed_forward_length", "moe_intermediate_size"),
        .count("expert_shared_count", "n_shared_experts"),
        .count("leading_dense_block_count", "first_k_dense_replace", .standard(.integer(0))),
        .number("expert_weights_scale", "routed_scaling_factor", .standard(.number(1))),
        .flag("expert_weights_norm", "norm_topk_prob", .standard(.flag(false))),
    ]
}

extension GGUFKeys {
    /// The sizes of latent attention's heads.
    fileprivate func write(latentKey: Int, value: Int, _ json: inout JSONWriter) throws(WeightsError) {
        let rotated = try count("rope.dimension_count")
        guard rotated <= latentKey else {
            throw invalid("rope.dimension_count", "at most a key's length, \(latentKey)")
        }
        json.member("qk_nope_head_dim", latentKey - rotated)
        json.member("v_head_dim", value)
        json.member("q_lora_rank", has("attention.q_lora_rank") ? try count("attention.q_lora_rank") : nil)
    }
}
