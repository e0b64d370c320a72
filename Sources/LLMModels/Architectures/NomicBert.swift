import LLMWeights

extension Architecture {
    /// Nomic's BERT (Nussbaum et al. 2024): a norm of each sum as BERT has, with rotary positions and SwiGLU. By the
    /// names of the published files, which transformers 5 writes too.
    static let nomicBERT = Architecture(encoder: "NomicBertModel", tiny: #""type_vocab_size": 2"#) { config, model in
        let config = config.named(
            ConfigFile.gptNames.merging(["layer_norm_eps": "layer_norm_epsilon"]) { own, _ in own })
        let heads = try AttentionHeads(config, readsKeys: false)
        let sizes = try DecoderSizes(config, heads, positions: 2048)
        let hidden = sizes.hidden
        let style = try config.layerNorm("layer_norm_eps", default: 1e-12)
        let width = try config.feedForwardWidth()
        let types = try config.integer("type_vocab_size", in: 0...1 << 16, default: 2)
        if config.has("activation_function") { try config.require("activation_function", "swiglu") }
        if config.has("hidden_act") { try config.requireSiLU() }
        for key in ["qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias", "prenorm", "parallel_block", "use_rms_norm"] {
            try config.require(key, false, "use a model whose blocks are as in nomic-embed-text-v1.5")
        }
        try config.require("rotary_emb_interleaved", false, "use a model whose heads are rotated by halves")
        for key in ["rotary_emb_scale_base", "rotary_scaling_factor"] where config.has(key) {
            throw config.unsupported(key, "use a model with plain rotary positions")
        }
        guard try config.number("rotary_emb_fraction", in: 0...1, default: 1) == 1 else {
            throw config.unsupported("rotary_emb_fraction", "whole heads are rotated in this architecture")
        }
        let rotary = try Rotary(config.named(["rope_theta": "rotary_emb_base"]), dim: heads.dim, defaultTheta: 1000)
        return try Encoder(
            model, sizes, norm: style, tokenTypes: types, classifier: nil,
            names: Encoder.Names(embeddingNorm: "emb_ln", layers: "encoder.layers")
        ) { layer, _ in
            DecoderLayer(
                .normedSums(
                    mixer: try layer.norm("norm1", hidden, style), feedForward: try layer.norm("norm2", hidden, style)),
                mixer: try Attention(
                    layer.scope("attn"), heads, hidden: hidden, rotary: rotary,
                    Attention.Options(ahead: .max, outputName: "out_proj", fused: Attention.Fused(name: "Wqkv"))),
                feedForward: try GatedFeedForward(
                    layer.scope("mlp"), hidden: hidden, width: width, names: ("fc12", "fc11", "fc2")))
        }
    }
}
