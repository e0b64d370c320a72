import LLMJSON

// Google's, whose converter adds 1 to the weights of norms.
extension GGUFArchitecture {
    static let gemma = GGUFArchitecture(
        "gemma", "GemmaForCausalLM", model: [gemmaNorm],
        layer: ["attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"].map {
            GGUFTensorName($0, $1, .minusOne)
        })

    /// The scale of scores is a constant of llama.cpp, by the number of layers.
    static let gemma2 = GGUFArchitecture(
        "gemma2", "Gemma2ForCausalLM",
        keys: [
            .number("attn_logit_softcapping", "attn_logit_softcapping", .standard(.number(50))),
            .number("final_logit_softcapping", "final_logit_softcapping", .standard(.number(30))),
        ], model: [gemmaNorm], layer: gemmaNorms, windows: .pattern(2, length: 4096)
    ) { keys, json throws(WeightsError) in
        json.member("query_pre_attn_scalar", try keys.queryScalar(largestLayers: 46))
    }

    /// The same. Layers with a window have a theta of their own, and no scaling.
    static let gemma3 = GGUFArchitecture(
        "gemma3", "Gemma3ForCausalLM",
        keys: [
            .number("rope.freq_base_swa", "rope_local_base_freq", .standard(.number(10000))),
            .number("final_logit_softcapping", "final_logit_softcapping", .optional),
        ], model: [gemmaNorm],
        layer: gemmaNorms
            + ["q", "k"].map {
                GGUFTensorName("attn_\($0)_norm", "self_attn.\($0)_norm", .minusOne)
            }, windows: .pattern(6, length: 0)
    ) { keys, json throws(WeightsError) in
        json.member("query_pre_attn_scalar", try keys.queryScalar(largestLayers: 62))
    }

    private static let gemmaNorm = GGUFTensorName("output_norm", "model.norm", .minusOne)

    private static let gemmaNorms = [
        ("attn_norm", "input_layernorm"), ("post_attention_norm", "post_attention_layernorm"),
        ("ffn_norm", "pre_feedforward_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm"),
    ].map { GGUFTensorName($0, $1, .minusOne) }
}

extension GGUFKeys {
    /// What scores are divided by the root of: the length of a key, or in the largest model, of so many layers, the width over the
    /// heads.
    fileprivate func queryScalar(largestLayers: Int) throws(WeightsError) -> Int {
        try layers() == largestLayers ? try count("embedding_length") / heads() : try headDim()
    }
}
