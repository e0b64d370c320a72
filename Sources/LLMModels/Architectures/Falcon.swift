import LLMWeights

extension Architecture {
    /// Falcon (Almazrouei et al. 2023): layer norms, both blocks over the same rows, one key head (7B) or groups of query
    /// heads, each with its key and value in one matrix (40B, 180B, 11B), or a key for each head and linear biases instead
    /// of rotary positions (RW).
    static let falcon = Architecture("FalconForCausalLM", tiny: #""new_decoder_architecture": true"#) { config, model in
        let config = config.named(["num_key_value_heads": "num_kv_heads", "intermediate_size": "ffn_hidden_size"])
        let isNew = try config.flag("new_decoder_architecture", default: false)
        let isMultiQuery = try config.flag("multi_query", default: true)
        let isParallel = try config.flag("parallel_attn", default: true)
        let heads = try AttentionHeads(config, keys: isMultiQuery && !isNew ? 1 : nil, readsKeys: isNew)
        let sizes = try DecoderSizes(config, heads, isTied: true, positions: 2048)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_epsilon")
        let norms = try config.integer("num_ln_in_parallel_attn", in: 1...2, default: isNew ? 2 : 1)
        guard isNew || norms == 1 else {
            throw config.unsupported("num_ln_in_parallel_attn", "only the new decoder architecture has two")
        }
        guard !isNew || isParallel else {
            throw config.unsupported("parallel_attn", "in the new decoder architecture both blocks read the same rows")
        }
        try config.require("apply_residual_connection_post_layernorm", false, "the residual stream has no norm")
        let bias = try config.flag("bias", default: false)
        let activation = try config.activation("activation", default: "gelu")
        try config.requireWholeRotation()
        let hasBiases = try config.flag("alibi", default: false)
        let rotary = hasBiases ? nil : try Rotary(config, dim: heads.dim)
        // Of bfloat16, as the class makes them whatever it computes in, and scaled as the scores are.
        let scale = 1 / Float(heads.dim).squareRoot()
        let slopes = hasBiases ? Alibi.slopes(heads: heads.queries).map { $0.asBFloat16 * scale } : nil
        let width = try config.feedForwardWidth(default: 4 * hidden)
        let names = Decoder.Names(
            embedding: "transformer.word_embeddings", layers: "transformer.h", norm: "transformer.ln_f")
        return try Decoder(model, sizes, norm: style, names: names) { layer, _ in
            func norm(_ name: String) throws(ModelError) -> Norm { try layer.norm(name, hidden, style) }
            let wiring: Wiring
            if norms == 2 {
                wiring = .parallel(mixer: try norm("ln_attn"), feedForward: try norm("ln_mlp"))
            } else {
                let first = try norm("input_layernorm")
                wiring =
                    isParallel
                    ? .parallel(mixer: first, feedForward: first)
                    : .preNorm(first, try norm("post_attention_layernorm"))
            }
            return DecoderLayer(
                wiring,
                mixer: try Attention(
                    layer.scope("self_attention"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(
                        slopes: slopes, bias: bias, outputBias: bias,
                        outputName: "dense", fused: Attention.Fused(name: "query_key_value", isGrouped: true))),
                feedForward: try PlainFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, activation, bias: bias,
                    names: ("dense_h_to_4h", "dense_4h_to_h")))
        }
    }
}

extension Float {
    /// The nearest bfloat16; of two that are as near the even one.
    fileprivate var asBFloat16: Float {
        Float(bitPattern: (bitPattern + 0x7fff + (bitPattern >> 16 & 1)) & 0xffff_0000)
    }
}
