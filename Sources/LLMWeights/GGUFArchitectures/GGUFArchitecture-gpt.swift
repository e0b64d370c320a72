import LLMJSON

// GPT-2 and those that keep its names or its layer norms. Widths of feed-forward blocks are read from the tensors, as the
// converter of some writes four times the hidden size, whatever they are.
extension GGUFArchitecture {
    /// Matrices are outputs by inputs, other than in the hub's files.
    static let gpt2 = GGUFArchitecture(
        "gpt2", "GPT2LMHeadModel", keys: GGUFKey.layerNorm("layer_norm_epsilon") + widthOfTensors,
        model: [
            GGUFTensorName("token_embd", "transformer.wte"), GGUFTensorName("position_embd", "transformer.wpe"),
            GGUFTensorName("output_norm", "transformer.ln_f"),
        ],
        layer: [
            GGUFTensorName("attn_norm", "ln_1"), GGUFTensorName("ffn_norm", "ln_2"),
            GGUFTensorName("attn_qkv", "attn.c_attn"), GGUFTensorName("attn_output", "attn.c_proj"),
            GGUFTensorName("ffn_up", "mlp.c_fc"), GGUFTensorName("ffn_down", "mlp.c_proj"),
        ], layers: "transformer.h.#.", others: writeWidth)

    static let gptNeoX = GGUFArchitecture(
        "gptneox", "GPTNeoXForCausalLM",
        keys: GGUFKey.layerNorm("layer_norm_eps") + [.flag("use_parallel_residual", "use_parallel_residual")],
        flags: [("attention_bias", "blk.0.attn_qkv.bias")],
        model: [
            GGUFTensorName("token_embd", "gpt_neox.embed_in"), GGUFTensorName("output", "embed_out"),
            GGUFTensorName("output_norm", "gpt_neox.final_layer_norm"),
        ],
        layer: [
            GGUFTensorName("attn_qkv", "attention.query_key_value", .grouped),
            GGUFTensorName("attn_output", "attention.dense"), GGUFTensorName("ffn_up", "mlp.dense_h_to_4h"),
            GGUFTensorName("ffn_down", "mlp.dense_4h_to_h"),
        ], layers: "gpt_neox.layers.#.", rotation: .part)

    /// Of one norm before both blocks.
    static let falcon = falcon(norms: 1, [GGUFTensorName("attn_norm", "input_layernorm")])

    /// Of two: the one of attention is the second.
    static let falconTwoNorms = falcon(
        norms: 2, [GGUFTensorName("attn_norm", "ln_mlp"), GGUFTensorName("attn_norm_2", "ln_attn")]
    ) { keys throws(WeightsError) in keys.file.contains("blk.0.attn_norm_2.weight") }

    /// The old decoder is the new one with one key head.
    private static func falcon(
        norms: Int, _ names: [GGUFTensorName],
        when isMeant: (@Sendable (GGUFKeys) throws(WeightsError) -> Bool)? = nil
    ) -> GGUFArchitecture {
        GGUFArchitecture(
            "falcon", "FalconForCausalLM", when: isMeant,
            keys: GGUFKey.layerNorm("layer_norm_epsilon") + widthOfTensors,
            constants: [("new_decoder_architecture", .flag(true)), ("num_ln_in_parallel_attn", .integer(norms))],
            flags: [("bias", "blk.0.attn_qkv.bias")],
            model: [
                GGUFTensorName("token_embd", "transformer.word_embeddings"),
                GGUFTensorName("output_norm", "transformer.ln_f"),
            ],
            layer: names + [
                GGUFTensorName("attn_qkv", "self_attention.query_key_value", .grouped),
                GGUFTensorName("attn_output", "self_attention.dense"), GGUFTensorName("ffn_up", "mlp.dense_h_to_4h"),
                GGUFTensorName("ffn_down", "mlp.dense_4h_to_h"),
            ], layers: "transformer.h.#.", others: writeWidth)
    }

    static let bloom = GGUFArchitecture(
        "bloom", "BloomForCausalLM", keys: GGUFKey.layerNorm("layer_norm_epsilon"),
        model: [
            GGUFTensorName("token_embd", "transformer.word_embeddings"),
            GGUFTensorName("token_embd_norm", "transformer.word_embeddings_layernorm"),
            GGUFTensorName("output_norm", "transformer.ln_f"),
        ],
        layer: [
            GGUFTensorName("attn_qkv", "self_attention.query_key_value", .grouped),
            GGUFTensorName("attn_output", "self_attention.dense"), GGUFTensorName("ffn_up", "mlp.dense_h_to_4h"),
            GGUFTensorName("ffn_down", "mlp.dense_4h_to_h"),
        ], layers: "transformer.h.#.")

    /// Biases are refused, as its class has none.
    static let mpt = GGUFArchitecture(
        "mpt", "MptForCausalLM",
        keys: GGUFKey.layerNorm("layer_norm_epsilon") + [
            .other("attention.clamp_kqv"), .other("attention.max_alibi_bias"),
        ],
        model: [
            GGUFTensorName("token_embd", "transformer.wte"),
            GGUFTensorName("output_norm.weight", "transformer.norm_f.weight"),
        ],
        layer: [
            ("attn_norm", "norm_1"), ("ffn_norm", "norm_2"), ("attn_qkv", "attn.Wqkv"),
            ("attn_output", "attn.out_proj"), ("ffn_up", "ffn.up_proj"), ("ffn_down", "ffn.down_proj"),
        ].map { GGUFTensorName("\($0).weight", "\($1).weight") }, layers: "transformer.blocks.#."
    ) { keys, json throws(WeightsError) in
        let (clip, bias) = ("attention.clamp_kqv", "attention.max_alibi_bias")
        let most = try keys.number(bias, default: 0)
        let bound = keys.has(clip) ? try keys.number(clip) : nil
        json.member("attn_config") { json in
            json.object { json in
                json.member("alibi", most > 0)
                json.member("alibi_bias_max", most)
                if let bound { json.member("clip_qkv", bound) }
            }
        }
    }

    static let phi2 = GGUFArchitecture(
        "phi2", "PhiForCausalLM", keys: GGUFKey.layerNorm("layer_norm_eps") + widthOfTensors,
        model: [GGUFTensorName("output_norm", "model.final_layernorm")],
        layer: [
            GGUFTensorName("attn_output", "self_attn.dense"), GGUFTensorName("ffn_up", "mlp.fc1"),
            GGUFTensorName("ffn_down", "mlp.fc2"),
        ], rotation: .part, others: writeWidth)

    static let phi3 = GGUFArchitecture(
        "phi3", "Phi3ForCausalLM",
        layer: [
            GGUFTensorName("attn_qkv", "self_attn.qkv_proj"), GGUFTensorName("ffn_up", "mlp.gate_up_proj"),
        ], windows: .all, rotation: .part)

    static let starcoder2 = GGUFArchitecture(
        "starcoder2", "Starcoder2ForCausalLM", keys: GGUFKey.layerNorm("norm_epsilon"),
        flags: [("use_bias", "blk.0.attn_q.bias")],
        layer: [GGUFTensorName("ffn_up", "mlp.c_fc"), GGUFTensorName("ffn_down", "mlp.c_proj")])

    /// Blocks are side by side where there is no second norm, whatever the file says besides.
    static let stableLM = GGUFArchitecture(
        "stablelm", "StableLmForCausalLM",
        keys: GGUFKey.layerNorm("layer_norm_eps") + [.other("use_parallel_residual")],
        flags: [("use_qkv_bias", "blk.0.attn_q.bias"), ("qk_layernorm", "blk.0.attn_q_norm.weight")],
        layer: [
            GGUFTensorName("attn_q_norm", "self_attn.q_layernorm.norms.#", .elements(.queryHeads)),
            GGUFTensorName("attn_k_norm", "self_attn.k_layernorm.norms.#", .elements(.keyHeads)),
        ], rotation: .part
    ) { keys, json throws(WeightsError) in
        json.member("use_parallel_residual", !keys.file.contains("blk.0.ffn_norm.weight"))
    }

    private static let widthOfTensors = [GGUFKey.other("feed_forward_length")]

    private static let writeWidth: @Sendable (GGUFKeys, inout JSONWriter) throws(WeightsError) -> Void = {
        keys, json throws(WeightsError) in
        let name = "blk.0.ffn_up.weight"
        guard let width = keys.file.info(named: name)?.shape.first else {
            throw .missing(name, in: keys.file.file.path, of: keys.file.tensors)
        }
        json.member("intermediate_size", width)
    }
}
