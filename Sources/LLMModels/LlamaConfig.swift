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
        let member = try LlamaMember(config)
        let hidden = try config.integer("hidden_size", in: 1...1 << 17)
        let heads = try config.integer("num_attention_heads", in: 1...1 << 14)
        let kvHeads = try config.integer("num_key_value_heads", in: 1...1 << 14, default: member.kvHeads ?? heads)
        guard heads % kvHeads == 0 else {
            throw config.invalid("num_key_value_heads", "a divisor of num_attention_heads, \(heads), not \(kvHeads)")
        }
        if !config.has("head_dim"), member.headDim == nil, hidden % heads != 0 {
            throw config.invalid("hidden_size", "a multiple of num_attention_heads, \(heads), or head_dim be given")
        }
        let headDim = try config.integer("head_dim", in: 2...512, default: member.headDim ?? hidden / heads)
        guard headDim % 2 == 0, headDim <= 512 else {
            throw config.invalid("head_dim", "even and at most 512, not \(headDim)")
        }
        // In a sequence no longer than the window, every token sees all before it: the window changes nothing.
        let positions = try config.integer("max_position_embeddings", in: 1...1 << 30)
        dimensions = ModelDimensions(
            vocabularySize: try config.integer("vocab_size", in: 1...1 << 24),
            hiddenSize: hidden,
            layers: try config.integer("num_hidden_layers", in: 1...1024),
            heads: heads, kvHeads: kvHeads, headDim: headDim,
            maxPositions: min(positions, try member.slidingWindow(config) ?? positions),
            tiedEmbedding: try config.flag("tie_word_embeddings", default: false))
        intermediateSize = try config.integer("intermediate_size", in: 1...1 << 20)
        normEpsilon = Float(try config.number("rms_norm_eps", in: 0...1))
        let activation = try config.string("hidden_act", default: "silu")
        guard activation == "silu" || activation == "swish" else {
            throw config.unsupported("hidden_act", "this architecture has silu")
        }
        let (theta, scaling) = try RotaryScaling.read(config)
        inverseFrequencies = scaling.inverseFrequencies(theta: theta, headDim: headDim)
        let attentionBias = try config.flag("attention_bias", default: false)
        (queryKeyValueBias, outputBias) =
            switch member {
            case .llama, .qwen3: (attentionBias, attentionBias)
            case .mistral: (false, false)
            case .qwen2: (true, false)
            }
        mlpBias = member == .llama ? try config.flag("mlp_bias", default: false) : false
        queryKeyNorm = member == .qwen3
    }
}

/// A member of the family, with the defaults of its config class in transformers where they differ.
private enum LlamaMember {
    case llama, mistral, qwen2, qwen3

    init(_ config: ConfigFile) throws(ModelError) {
        self =
            switch try Architectures.entry(config).name {
            case "MistralForCausalLM": .mistral
            case "Qwen2ForCausalLM": .qwen2
            case "Qwen3ForCausalLM": .qwen3
            default: .llama
            }
    }

    /// Key and value heads where the config has none; nil for as many as query heads.
    var kvHeads: Int? {
        switch self {
        case .llama: nil
        case .mistral: 8
        case .qwen2, .qwen3: 32
        }
    }

    /// The head size where the config has none; nil for the hidden size over the heads.
    var headDim: Int? { self == .qwen3 ? 128 : nil }

    /// Tokens that a token sees, in the layers that have a window; nil where no layer has one.
    func slidingWindow(_ config: ConfigFile) throws(ModelError) -> Int? {
        let layers = try config.strings("layer_types")
        if !layers.isEmpty, layers.allSatisfy({ $0 == "full_attention" }) { return nil }
        let range = 1...1 << 30
        switch self {
        case .llama: return nil
        case .mistral:
            if config.has("sliding_window") { return try config.integer("sliding_window", in: range) }
            return config.isNull("sliding_window") ? nil : 4096
        case .qwen2, .qwen3:
            guard try config.flag("use_sliding_window", default: false) else { return nil }
            return config.isNull("sliding_window")
                ? nil : try config.integer("sliding_window", in: range, default: 4096)
        }
    }
}
