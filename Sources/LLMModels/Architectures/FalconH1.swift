import LLMTensor
import LLMWeights

extension Architecture {
    /// Falcon-H1 (TII 2025): attention and Mamba-2 side by side in every layer, with multipliers (after Yang et al. 2022).
    static let falconH1 = Architecture(
        "FalconH1ForCausalLM",
        tiny: #"""
            "mamba_d_ssm": 72, "mamba_n_heads": 3, "mamba_d_head": 24, "mamba_d_state": 20, "mamba_rms_norm": true,
            "mamba_norm_before_gate": false, "embedding_multiplier": 5, "lm_head_multiplier": 0.3,
            "key_multiplier": 0.7, "attention_in_multiplier": 1.2, "attention_out_multiplier": 0.8,
            "ssm_in_multiplier": 1.3, "ssm_out_multiplier": 0.6, "ssm_multipliers": [0.9, 1.1, 0.7, 0.8, 1.2],
            "mlp_multipliers": [0.9, 0.7]
            """#
    ) { config, model in
        let heads = try AttentionHeads(config, keys: 8)
        let sizes = try DecoderSizes(config, heads, positions: 8192)
        let hidden = sizes.hidden
        let style = NormStyle.rms(epsilon: try config.rmsEpsilon(default: 1e-5))
        let mamba = try Mamba2Mixer.Sizes(config)
        let isNormed = try config.flag("mamba_rms_norm", default: false)
        guard try !isNormed || !config.flag("mamba_norm_before_gate", default: true) else {
            throw config.unsupported("mamba_norm_before_gate", "use a model whose norm is after the gate")
        }
        for key in ["attention_bias", "mlp_bias", "mamba_proj_bias"] {
            try config.require(key, false, "multipliers here are of matrices without biases")
        }
        let outputBias = try config.flag("projectors_bias", default: false)
        let convolutionBias = try config.flag("mamba_conv_bias", default: true)
        func multiplier(_ key: String) throws(ModelError) -> Float {
            Float(try config.number(key, in: -1e6...1e6, default: 1))
        }
        let (input, keys) = (try multiplier("attention_in_multiplier"), try multiplier("key_multiplier"))
        let output = try multiplier("attention_out_multiplier")
        let (scanInput, scanOutput) = (try multiplier("ssm_in_multiplier"), try multiplier("ssm_out_multiplier"))
        let multipliers = try config.multipliers("ssm_multipliers", 5).map { $0 * scanInput }
        let gates = try config.multipliers("mlp_multipliers", 2)
        let width = try config.feedForwardWidth()
        try config.requireWholeRotation()
        let rotary = try Rotary(config, dim: heads.dim)
        // What multiplies queries, keys and values multiplies scores and outputs.
        let options = Attention.Options(scale: input * input * keys / Float(heads.dim).squareRoot())
        return try Decoder(
            model, sizes, norm: style, embeddingScale: try multiplier("embedding_multiplier"),
            logitScale: try multiplier("lm_head_multiplier"), names: Decoder.Names(norm: "model.final_layernorm")
        ) { layer, _ in
            let recurrent = try Mamba2Mixer(
                layer.scope("mamba"), mamba, norm: isNormed ? style : nil, outputBias: outputBias,
                convolutionBias: convolutionBias, multipliers: multipliers)
            let attention = try Attention(layer.scope("self_attn"), heads, hidden: hidden, rotary: rotary, options)
            return DecoderLayer(
                try .preNorm(layer, hidden, style, names: ("input_layernorm", "pre_ff_layernorm")),
                mixer: ParallelMixers(
                    first: ParallelMixers.Part(mixer: recurrent, columns: 2 * mamba.inner, scale: scanOutput),
                    second: ParallelMixers.Part(
                        mixer: attention, columns: heads.queries * heads.dim, scale: input * output)),
                feedForward: try GatedFeedForward(
                    layer.scope("feed_forward"), hidden: hidden, width: width, .scaled(gates[0], gates[1])))
        }
    }
}

extension ConfigFile {
    /// A list of so many numbers; all 1 where the config has none.
    fileprivate func multipliers(_ key: String, _ count: Int) throws(ModelError) -> [Float] {
        let numbers = try value(key, .numbers(in: -1e6...1e6), default: Array(repeating: 1, count: count))
        guard numbers.count == count else { throw invalid(key, "a list of \(count) numbers") }
        return numbers.map { Float($0) }
    }
}
