import LLMJSON

// Those whose layers keep states, all or some.
extension GGUFArchitecture {
    static let qwen3Next = delta(
        "qwen3next", "Qwen3NextForCausalLM", experts: true,
        layer: [
            GGUFTensorName("ssm_ba", "linear_attn.in_proj_ba"),
            // Of older files, in place of `attn_qkv` and `attn_gate`.
            GGUFTensorName("ssm_in", "linear_attn.in_proj_qkvz"),
        ])

    static let qwen35 = delta("qwen35", "Qwen3_5ForCausalLM", experts: false, inTurn: true, layer: splitGates)

    static let qwen35Moe = delta("qwen35moe", "Qwen3_5MoeForCausalLM", experts: true, inTurn: true, layer: splitGates)

    private static let splitGates = [
        GGUFTensorName("ssm_beta", "linear_attn.in_proj_b"), GGUFTensorName("ssm_alpha", "linear_attn.in_proj_a"),
    ]

    /// Qwen's with the gated delta rule, whose converter adds 1 to the weights of most norms.
    ///
    /// - Parameter inTurn: whether value heads take key heads in turn.
    private static func delta(
        _ name: String, _ hubName: String, experts: Bool, inTurn: Bool = false, layer: [GGUFTensorName]
    ) -> GGUFArchitecture {
        let keys: [GGUFKey] = [
            .count("ssm.conv_kernel", "linear_conv_kernel_dim"), .count("ssm.state_size", "linear_key_head_dim"),
            .count("ssm.group_count", "linear_num_key_heads"),
            .count("ssm.time_step_rank", "linear_num_value_heads"), .other("ssm.inner_size"),
            .other("attention.recurrent_layers"), .other("full_attention_interval"), .other("rope.dimension_sections"),
        ]
        let norms = [
            ("attn_norm", "input_layernorm"), ("post_attention_norm", "post_attention_layernorm"),
            ("attn_q_norm", "self_attn.q_norm"), ("attn_k_norm", "self_attn.k_norm"),
        ].map { GGUFTensorName($0, $1, .minusOne) }
        return GGUFArchitecture(
            name, hubName, keys: keys + (experts ? [.other("feed_forward_length")] + sharedExpertKeys : []),
            constants: [("linear_value_heads_in_turn", .flag(inTurn))],
            model: [GGUFTensorName("output_norm", "model.norm", .minusOne)],
            layer: norms + [
                GGUFTensorName("attn_qkv", "linear_attn.in_proj_qkv"),
                GGUFTensorName("attn_gate", "linear_attn.in_proj_z"),
                GGUFTensorName("ssm_conv1d.weight", "linear_attn.conv1d.weight", .filters),
                GGUFTensorName("ssm_dt.bias", "linear_attn.dt_bias"),
                .whole("ssm_a", "linear_attn.A_log", .logarithm),
                GGUFTensorName("ssm_norm", "linear_attn.norm"), GGUFTensorName("ssm_out", "linear_attn.out_proj"),
            ] + layer + (experts ? sharedExpertNames : []), rotation: .part, states: .listed("linear_attention")
        ) { keys, json throws(WeightsError) in
            try keys.write(headDim: "linear_value_head_dim", &json)
        }
    }

    static let lfm2 = GGUFArchitecture(
        "lfm2", "Lfm2ForCausalLM", keys: lfm2Keys, constants: [("block_auto_adjust_ff_dim", .flag(false))],
        model: lfm2Norm, layer: lfm2Names, states: .withoutKeys("conv"))

    static let lfm2Moe = GGUFArchitecture(
        "lfm2moe", "Lfm2MoeForCausalLM",
        keys: lfm2Keys + GGUFKey.experts("num_experts") + [
            .count("expert_feed_forward_length", "moe_intermediate_size"),
            .count("leading_dense_block_count", "num_dense_layers"), .fixed("expert_gating_func", .integer(2)),
        ], flags: [("use_expert_bias", "blk.#.exp_probs_b.bias")],
        model: lfm2Norm,
        layer: lfm2Names + GGUFTensorTable.experts("feed_forward", names: ("w1", "w3", "w2")) + [
            GGUFTensorName("exp_probs_b.bias", "feed_forward.expert_bias")
        ], states: .withoutKeys("conv"))

    private static let lfm2Keys: [GGUFKey] = [
        .number("attention.layer_norm_rms_epsilon", "norm_eps"), .count("shortconv.l_cache", "conv_L_cache"),
    ]

    private static let lfm2Norm = [GGUFTensorName("token_embd_norm", "model.embedding_norm")]

    private static let lfm2Names = [
        GGUFTensorName("attn_norm", "operator_norm"), GGUFTensorName("ffn_norm", "ffn_norm"),
        GGUFTensorName("attn_output", "self_attn.out_proj"), GGUFTensorName("attn_q_norm", "self_attn.q_layernorm"),
        GGUFTensorName("attn_k_norm", "self_attn.k_layernorm"), GGUFTensorName("ffn_gate", "feed_forward.w1"),
        GGUFTensorName("ffn_up", "feed_forward.w3"), GGUFTensorName("ffn_down", "feed_forward.w2"),
        GGUFTensorName("shortconv.conv.weight", "conv.conv.weight", .filters),
        GGUFTensorName("shortconv.in_proj", "conv.in_proj"), GGUFTensorName("shortconv.out_proj", "conv.out_proj"),
    ]

    /// Files of Bamba say that there are rotary positions.
    static let bamba = GGUFArchitecture(
        "granitehybrid", "BambaForCausalLM",
        when: { keys throws(WeightsError) in try keys.flag("rope.scaling.finetuned", default: false) },
        keys: mambaKeys, flags: mambaFlags + [("mlp_bias", "blk.0.ffn_gate.bias")],
        model: [GGUFTensorName("output_norm", "model.final_layernorm")],
        layer: GGUFTensorTable.mamba2("mamba") + parallelNames, interleavesHeads: true, rotation: .part,
        states: .withoutKeys(nil)
    ) { keys, json throws(WeightsError) in
        let isRecurrent = try keys.layersWithoutKeys(try keys.layers())
        json.member("attn_layer_indices") { json in
            json.array { json in for layer in isRecurrent.indices where !isRecurrent[layer] { json.value(layer) } }
        }
    }

    /// Granite 4. Without experts the one of all tokens is the feed-forward block.
    static let graniteHybrid = GGUFArchitecture(
        "granitehybrid", "GraniteMoeHybridForCausalLM",
        keys: graniteMultipliers + mambaKeys + [
            .count("expert_count", "num_local_experts", .standard(.integer(0))),
            .count("expert_used_count", "num_experts_per_tok", .optional),
            .count("expert_shared_feed_forward_length", "shared_intermediate_size"),
        ], constants: [("position_embedding_type", .string("nope"))], flags: mambaFlags,
        layer: graniteExperts + GGUFTensorTable.mamba2("mamba")
            + ["", "_shexp"].flatMap {
                [
                    GGUFTensorName("ffn_gate\($0)", "shared_mlp.input_linear", .withUp),
                    GGUFTensorName("ffn_up\($0)", ""),
                    GGUFTensorName("ffn_down\($0)", "shared_mlp.output_linear"),
                ]
            }, interleavesHeads: true, states: .withoutKeys("mamba"))

    static let nemotronH = nemotronH("nemotron_h", keys: [])

    static let nemotronHMoe = nemotronH(
        "nemotron_h_moe",
        keys: GGUFKey.experts("n_routed_experts") + GGUFKey.sharingExperts + [
            .count("expert_shared_feed_forward_length", "moe_shared_expert_intermediate_size"),
            .count("expert_group_count", "n_group", .standard(.integer(1))),
            .count("expert_group_used_count", "topk_group", .standard(.integer(1))),
        ])

    /// Layers have one block each, which the tensors show.
    private static func nemotronH(_ name: String, keys: [GGUFKey]) -> GGUFArchitecture {
        GGUFArchitecture(
            name, "NemotronHForCausalLM",
            keys: mambaKeys + keys + [
                .other("feed_forward_length"), .other("attention.layer_norm_epsilon"),
                .other("attention.layer_norm_rms_epsilon"),
            ],
            flags: [("use_conv_bias", "blk.#.ssm_conv1d.bias"), ("use_bias", "blk.#.ssm_in.bias")],
            model: [
                GGUFTensorName("token_embd", "backbone.embeddings"), GGUFTensorName("output_norm", "backbone.norm_f"),
            ],
            layer: GGUFTensorTable.mamba2("mixer") + GGUFTensorTable.experts("mixer") + [
                GGUFTensorName("attn_norm", "norm"), GGUFTensorName("attn_output", "mixer.o_proj"),
                GGUFTensorName("attn_q", "mixer.q_proj", .interleaved(.queries)),
                GGUFTensorName("attn_k", "mixer.k_proj", .interleaved(.keys)),
                GGUFTensorName("attn_v", "mixer.v_proj"), GGUFTensorName("ffn_up", "mixer.up_proj"),
                GGUFTensorName("ffn_down", "mixer.down_proj"),
                GGUFTensorName("ffn_up_shexp", "mixer.shared_experts.up_proj"),
                GGUFTensorName("ffn_down_shexp", "mixer.shared_experts.down_proj"),
                GGUFTensorName("exp_probs_b.bias", "mixer.gate.e_score_correction_bias"),
            ], layers: "backbone.layers.#.", rotation: .none, states: .withoutKeys(nil)
        ) { keys, json throws(WeightsError) in
            let epsilon = "attention.layer_norm_rms_epsilon"
            let own = keys.has(epsilon) ? epsilon : "attention.layer_norm_epsilon"
            json.member("layer_norm_epsilon", try keys.number(own))
            let width = try keys.count("feed_forward_length", someLayers: true)
            if width > 0 { json.member("intermediate_size", width) }
            try keys.write(headDim: "mamba_head_dim", &json)
            let layers = try keys.layers()
            json.member("layer_types") { json in
                json.array { json in
                    for layer in 0..<layers {
                        let blocks = [
                            ("ssm_in", "linear_attention"), ("attn_q", "full_attention"), ("ffn_gate_inp", "moe"),
                        ]
                        json.value(blocks.first { keys.hasTensor("\($0.0).weight", layer: layer) }?.1 ?? "mlp")
                    }
                }
            }
        }
    }

    /// Multipliers are in the weights.
    static let falconH1 = GGUFArchitecture(
        "falcon-h1", "FalconH1ForCausalLM", keys: mambaKeys,
        constants: [("mamba_norm_before_gate", .flag(false))],
        flags: [
            ("mamba_rms_norm", "blk.0.ssm_norm.weight"), ("mamba_conv_bias", "blk.0.ssm_conv1d.bias"),
            ("projectors_bias", "blk.0.ssm_out.bias"),
        ],
        model: [GGUFTensorName("output_norm", "model.final_layernorm")],
        layer: GGUFTensorTable.mamba2("mamba") + parallelNames + [.whole("ffn_norm", "pre_ff_layernorm.weight")])

    static let mamba2 = GGUFArchitecture(
        "mamba2", "Mamba2ForCausalLM",
        keys: mambaKeys + [
            .number("attention.layer_norm_rms_epsilon", "layer_norm_epsilon"), .other("feed_forward_length"),
            .fixed("attention.head_count", .integer(0)),
        ], flags: [("use_conv_bias", "blk.0.ssm_conv1d.bias"), ("use_bias", "blk.0.ssm_in.bias")],
        model: [
            GGUFTensorName("token_embd", "backbone.embeddings"), GGUFTensorName("output_norm", "backbone.norm_f"),
        ],
        layer: GGUFTensorTable.mamba2("mixer") + [GGUFTensorName("attn_norm", "norm")], layers: "backbone.layers.#.",
        states: .all)

    private static let mambaKeys: [GGUFKey] = [
        .count("ssm.conv_kernel", "mamba_d_conv"), .count("ssm.state_size", "mamba_d_state"),
        .count("ssm.group_count", "mamba_n_groups"), .count("ssm.time_step_rank", "mamba_n_heads"),
        .count("ssm.inner_size", "mamba_d_ssm"), .other("rope.scaling.finetuned"),
    ]

    private static let mambaFlags = [
        ("attention_bias", tensor: "blk.#.attn_q.bias"), ("mamba_proj_bias", tensor: "blk.#.ssm_in.bias"),
        ("mamba_conv_bias", tensor: "blk.#.ssm_conv1d.bias"),
    ]

    private static let parallelNames =
        [GGUFTensorName("ffn_norm", "pre_ff_layernorm")]
        + ["gate", "up", "down"].map { GGUFTensorName("ffn_\($0)", "feed_forward.\($0)_proj") }
}

extension GGUFKeys {
    /// The elements of a head of which `ssm.time_step_rank` make `ssm.inner_size`.
    fileprivate func write(headDim key: String, _ json: inout JSONWriter) throws(WeightsError) {
        let (heads, inner) = (try count("ssm.time_step_rank"), try count("ssm.inner_size"))
        guard heads > 0, inner % heads == 0 else {
            throw invalid("ssm.time_step_rank", "a divisor of 'ssm.inner_size', \(inner)")
        }
        json.member(key, inner / heads)
    }
}
