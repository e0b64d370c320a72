import LLMWeights

extension Architecture {
    /// GPT-NeoX 20B (Black et al. 2022) and Pythia (Biderman et al. 2023): layer norms, each head's query, key and value side
    /// by side in one matrix, part of each head rotated, both blocks over the same rows.
    static let gptNeoX = Architecture("GPTNeoXForCausalLM", tiny: #""rotary_pct": 0.5"#) { config, model in
        let config = config.named(["partial_rotary_factor": "rotary_pct", "rope_theta": "rotary_emb_base"])
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_eps")
        let isParallel = try config.flag("use_parallel_residual", default: true)
        let bias = try config.flag("attention_bias", default: true)
        let activation = try config.activation(default: "gelu")
        let rotary = try Rotary(config, dim: try config.rotaryDim(of: heads.dim, default: 0.25))
        let width = try config.feedForwardWidth()
        let names = Decoder.Names(
            embedding: "gpt_neox.embed_in", layers: "gpt_neox.layers", norm: "gpt_neox.final_layer_norm",
            head: model.has("lm_head.weight") ? "lm_head" : "embed_out")
        return try Decoder(model, sizes, norm: style, names: names) { layer, _ in
            let norms = (
                try layer.norm("input_layernorm", hidden, style),
                try layer.norm("post_attention_layernorm", hidden, style)
            )
            return DecoderLayer(
                isParallel ? .parallel(mixer: norms.0, feedForward: norms.1) : .preNorm(norms.0, norms.1),
                mixer: try Attention(
                    layer.scope("attention"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(
                        bias: bias, outputBias: bias,
                        outputName: "dense", fused: Attention.Fused(name: "query_key_value", isGrouped: true))),
                feedForward: try PlainFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, activation,
                    names: ("dense_h_to_4h", "dense_4h_to_h")))
        }
    }
}
