import LLMTensor
import LLMWeights

/// The sizes of a model that the engine around it needs.
public struct ModelDimensions: Sendable, Hashable {
    /// Tokens there are logits for.
    public let vocabularySize: Int
    /// Width of the residual stream.
    public let hiddenSize: Int
    /// Transformer layers.
    public let layers: Int
    /// Query heads.
    public let heads: Int
    /// Key and value heads; each serves `heads / kvHeads` query heads.
    public let kvHeads: Int
    /// Elements of a query head.
    public let headDim: Int
    /// Positions the model was made for: the longest prompt and output together.
    public let maxPositions: Int
    /// Whether the output head is the embedding.
    public internal(set) var tiedEmbedding: Bool
}

/// The sizes that every decoder has, by the usual keys of `config.json`.
struct DecoderSizes: Sendable {
    let hidden: Int
    let vocabulary: Int
    let layers: Int
    let isTied: Bool
    let dimensions: ModelDimensions

    /// What a residual stream may have.
    static let hiddenSizes = 1...1 << 17

    /// - Parameters:
    ///   - heads: of the attention blocks.
    ///   - isTied: whether the output head is the embedding where the config does not say.
    ///   - positions: `max_position_embeddings` where the config has none; nil where it must.
    ///   - layers: where `num_hidden_layers` does not count; nil where it does.
    init(
        _ config: ConfigFile, _ heads: AttentionHeads, isTied defaultTied: Bool = false, positions: Int? = nil,
        layers: Int? = nil
    ) throws(ModelError) {
        try self.init(
            config, heads: heads.queries, keys: heads.keys, headDim: heads.dim, isTied: defaultTied,
            positions: positions, layers: layers)
    }

    init(
        _ config: ConfigFile, heads: Int, keys: Int, headDim: Int, isTied defaultTied: Bool = false,
        positions: Int? = nil, layers: Int? = nil
    ) throws(ModelError) {
        hidden = try config.integer("hidden_size", in: DecoderSizes.hiddenSizes)
        vocabulary = try config.integer("vocab_size", in: 1...1 << 24)
        if let layers {
            self.layers = layers
        } else {
            self.layers = try config.integer("num_hidden_layers", in: 1...1024)
        }
        isTied = try config.flag("tie_word_embeddings", default: defaultTied)
        dimensions = ModelDimensions(
            vocabularySize: vocabulary, hiddenSize: hidden, layers: self.layers, heads: heads, kvHeads: keys,
            headDim: headDim,
            maxPositions: try config.integer("max_position_embeddings", in: 1...1 << 30, default: positions),
            tiedEmbedding: isTied)
    }
}

extension ConfigFile {
    /// The width of a feed-forward block.
    func feedForwardWidth(
        _ key: String = "intermediate_size", default fallback: Int? = nil
    ) throws(ModelError) -> Int {
        try integer(key, in: 1...1 << 20, default: fallback)
    }

    /// `rms_norm_eps`.
    func rmsEpsilon(default fallback: Double? = nil) throws(ModelError) -> Float {
        Float(try number("rms_norm_eps", in: 0...1, default: fallback))
    }

    /// The windows of layers of which every `sliding_window_pattern`-th has none, unless `layer_types` says otherwise.
    func patternedWindows(_ window: Int?, layers: Int, default pattern: Int) throws(ModelError) -> [Int?] {
        let pattern = try integer("sliding_window_pattern", in: 1...1024, default: pattern)
        return try windows(window, layers: layers) { ($0 + 1) % pattern != 0 }
    }

    /// The window of each layer, in tokens: `window` in those of `layer_types` that are of a type, or, where the config has
    /// none, in those that `rule` names.
    func windows(
        _ window: Int?, layers: Int, type: String = "sliding_attention", where rule: (Int) -> Bool = { _ in true }
    ) throws(ModelError) -> [Int?] {
        let types = try strings("layer_types")
        guard types.isEmpty || types.count == layers else {
            throw invalid("layer_types", "a list of num_hidden_layers, \(layers), texts")
        }
        return try (0..<layers).map { layer throws(ModelError) in
            guard !types.isEmpty else { return rule(layer) ? window : nil }
            switch types[layer] {
            case "full_attention": return nil
            case type: return window
            default: throw unsupported("layer_types", "layers may be full_attention or \(type)")
            }
        }
    }

    /// Whether each layer is recurrent, as its entry in `layer_types` says; where the config has none, as `rule` does.
    ///
    /// - Parameters:
    ///   - recurrent: the types of recurrent layers; others must be of one of the `attention` types.
    func recurrentLayers(
        _ layers: Int, _ recurrent: [String], attention: [String] = ["full_attention"],
        where rule: (Int) throws(ModelError) -> Bool
    ) throws(ModelError) -> [Bool] {
        let types = try strings("layer_types")
        guard types.isEmpty || types.count == layers else {
            throw invalid("layer_types", "a list of num_hidden_layers, \(layers), texts")
        }
        return try (0..<layers).map { layer throws(ModelError) in
            if types.isEmpty { return try rule(layer) }
            guard (recurrent + attention).contains(types[layer]) else {
                throw unsupported("layer_types", "layers may be \((recurrent + attention).joined(separator: ", "))")
            }
            return recurrent.contains(types[layer])
        }
    }

    /// The layers that a list names.
    func layerIndices(_ key: String, of layers: Int) throws(ModelError) -> [Int] {
        try integers(key, in: 0...layers - 1)
    }

    /// A number of tokens under `key`; nil where it is null, `fallback` where it is missing.
    func window(_ key: String = "sliding_window", default fallback: Int?) throws(ModelError) -> Int? {
        if isNull(key) { return nil }
        guard has(key) else { return fallback }
        return try integer(key, in: 1...1 << 30)
    }

    /// Refuses an activation other than SiLU.
    func requireSiLU(_ key: String = "hidden_act") throws(ModelError) {
        try require(key, "silu", alias: "swish")
    }

    /// Refuses attention to later tokens.
    func requireCausality() throws(ModelError) {
        for (key, wanted) in [("use_bidirectional_attention", false), ("is_causal", true)] {
            try require(key, wanted, "a decoder's attention is causal")
        }
    }

    /// An activation by its name in transformers, of which several have the same function.
    func activation(_ key: String = "hidden_act", default fallback: String) throws(ModelError) -> Activation {
        switch try string(key, default: fallback) {
        case "silu", "swish": return .silu
        case "gelu": return .gelu
        case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": return .geluTanh
        case "relu": return .relu
        case "relu2": return .reluSquared
        default: throw unsupported(key, "use a model with silu, gelu, gelu_new, gelu_pytorch_tanh, relu or relu2")
        }
    }

    /// The style of layer norms.
    func layerNorm(_ key: String, bias: Bool = true, default fallback: Double = 1e-5) throws(ModelError) -> NormStyle {
        .layer(epsilon: Float(try number(key, in: 0...1, default: fallback)), bias: bias)
    }

    /// Refuses a flag that is not as wanted, which it is where the config has none.
    package func require(_ key: String, _ wanted: Bool, _ remedy: String) throws(ModelError) {
        guard try flag(key, default: wanted) == wanted else { throw unsupported(key, remedy) }
    }

    /// Refuses a text that is not as wanted, which may have another name and is as wanted where the config has none.
    package func require(_ key: String, _ wanted: String, alias: String? = nil) throws(ModelError) {
        let text = try string(key, default: wanted)
        guard text == wanted || text == alias else { throw unsupported(key, "this architecture has \(wanted)") }
    }

    /// Elements of a head that are rotated: `partial_rotary_factor` of them, where the config has it.
    func rotaryDim(of headDim: Int, default fallback: Double) throws(ModelError) -> Int {
        let key = "partial_rotary_factor"
        let holders = [try object("rope_parameters"), self].compactMap(\.self)
        let holder = holders.first { $0.has(key) } ?? self
        let dim = Int(Double(headDim) * (try holder.number(key, in: 0...1, default: fallback)))
        guard dim > 0, dim % 2 == 0 else {
            throw holder.invalid(key, "a part of head_dim, \(headDim), that is even and above 0, not \(dim)")
        }
        return dim
    }

    /// Refuses rotary positions of a part of each head.
    func requireWholeRotation() throws(ModelError) {
        var holders = [self, try object("rope_scaling"), try object("rope_parameters")].compactMap(\.self)
        // Where kinds of layers have parameters of their own.
        for holder in holders.dropFirst() {
            for key in holder.objectKeys { if let own = try holder.object(key) { holders.append(own) } }
        }
        for holder in holders {
            if try holder.number("partial_rotary_factor", in: 0...1, default: 1) != 1 {
                throw holder.unsupported("partial_rotary_factor", "whole heads are rotated in this architecture")
            }
        }
    }
}
