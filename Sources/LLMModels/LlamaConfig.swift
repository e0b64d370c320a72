/// What the Llama family's `config.json` says: Llama, Mistral, Qwen2, Qwen3.
struct LlamaConfig: Sendable {
    let dimensions: ModelDimensions
    let intermediateSize: Int
    let normEpsilon: Float
    let inverseFrequencies: [Float]
    /// Biases on q, k and v; on the attention's output; on the three MLP matrices.
    let queryKeyValueBias: Bool
    let outputBias: Bool
    let mlpBias: Bool
    /// RMSNorm of each query and key head, before the rotation.
    let queryKeyNorm: Bool

    init(_ config: ConfigFile) throws(ModelError) {
        let name = try Architectures.entry(config).name
        let large = 1 << 20
        let hidden = try config.integer("hidden_size", in: 1...large)
        let heads = try config.integer("num_attention_heads", in: 1...large)
        let kvHeads = try config.integer("num_key_value_heads", in: 1...large, default: heads)
        guard heads % kvHeads == 0 else {
            throw config.invalid("num_key_value_heads", "a divisor of num_attention_heads, \(heads)")
        }
        if !config.has("head_dim"), hidden % heads != 0 {
            throw config.invalid("hidden_size", "a multiple of num_attention_heads, \(heads), or head_dim be given")
        }
        let headDim = try config.integer("head_dim", in: 1...512, default: hidden / heads)
        guard headDim % 2 == 0, headDim <= 512 else {
            throw config.invalid("head_dim", "even and at most 512, not \(headDim)")
        }
        dimensions = ModelDimensions(
            vocabularySize: try config.integer("vocab_size", in: 1...1 << 24),
            hiddenSize: hidden,
            layers: try config.integer("num_hidden_layers", in: 1...4096),
            heads: heads, kvHeads: kvHeads, headDim: headDim,
            maxPositions: try config.integer("max_position_embeddings", in: 1...1 << 30),
            tiedEmbedding: try config.flag("tie_word_embeddings", default: false))
        intermediateSize = try config.integer("intermediate_size", in: 1...1 << 22)
        normEpsilon = Float(try config.number("rms_norm_eps", in: 0...1))
        let activation = try config.string("hidden_act", default: "silu")
        guard activation == "silu" || activation == "swish" else {
            throw config.unsupported("hidden_act", "this architecture has silu")
        }
        let (theta, scaling) = try RotaryScaling.read(config)
        inverseFrequencies = scaling.inverseFrequencies(theta: theta, headDim: headDim)
        try LlamaConfig.refuseSlidingWindow(config, maxPositions: dimensions.maxPositions)

        let attentionBias = try config.flag("attention_bias", default: false)
        queryKeyValueBias = name == "Qwen2ForCausalLM" || attentionBias
        outputBias = name != "Qwen2ForCausalLM" && attentionBias
        mlpBias = try config.flag("mlp_bias", default: false)
        queryKeyNorm = name == "Qwen3ForCausalLM"
    }

    /// A window that no sequence can outgrow changes nothing; a smaller one is another attention.
    private static func refuseSlidingWindow(_ config: ConfigFile, maxPositions: Int) throws(ModelError) {
        guard try config.flag("use_sliding_window", default: true), config.has("sliding_window") else { return }
        if try config.integer("sliding_window", in: 1...1 << 30) < maxPositions {
            throw config.unsupported("sliding_window", "use a model with full attention")
        }
    }
}
