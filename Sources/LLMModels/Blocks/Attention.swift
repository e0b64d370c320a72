import Foundation
import LLMTensor
import LLMWeights

/// The heads of an attention block.
struct AttentionHeads: Sendable, Hashable {
    /// Query heads.
    let queries: Int
    /// Key and value heads; each serves `queries / keys` query heads.
    let keys: Int
    /// Elements of a head.
    let dim: Int

    /// `num_attention_heads`, `num_key_value_heads` and `head_dim`.
    ///
    /// - Parameters:
    ///   - keys: key and value heads where the config has none; nil for as many as query heads.
    ///   - dim: the head's size where the config has none; nil for the hidden size over the heads.
    ///   - readsKeys: whether the architecture knows `num_key_value_heads`.
    init(
        _ config: ConfigFile, keys defaultKeys: Int? = nil, dim defaultDim: Int? = nil, readsKeys: Bool = true
    ) throws(ModelError) {
        let hidden = try config.integer("hidden_size", in: DecoderSizes.hiddenSizes)
        let queries = try config.integer("num_attention_heads", in: 1...1 << 14)
        let fallback = defaultKeys ?? queries
        let keys = readsKeys ? try config.integer("num_key_value_heads", in: 1...1 << 14, default: fallback) : fallback
        guard queries % keys == 0 else {
            throw config.invalid("num_key_value_heads", "a divisor of num_attention_heads, \(queries), not \(keys)")
        }
        if !config.has("head_dim"), defaultDim == nil, hidden % queries != 0 {
            throw config.invalid("hidden_size", "a multiple of num_attention_heads, \(queries), or head_dim be given")
        }
        dim = try config.integer("head_dim", in: 2...512, default: defaultDim ?? hidden / queries)
        guard dim % 2 == 0, dim <= 512 else { throw config.invalid("head_dim", "even and at most 512, not \(dim)") }
        (self.queries, self.keys) = (queries, keys)
    }

    /// The row that a row of queries, keys and values, one after another, is where each key head has its queries, its key
    /// and its value together.
    func groupedRow(_ row: Int) -> Int {
        let (head, element) = (row / dim, row % dim)
        let shared = queries / keys
        let (group, place) =
            if head < queries { (head / shared, head % shared) } else {
                ((head - queries) % keys, shared + (head - queries) / keys)
            }
        return (group * (shared + 2) + place) * dim + element
    }

    /// The row that a row of gates, then queries, is where each head has its query and its gate together.
    func gatedRow(_ row: Int) -> Int {
        let (all, isGate) = (queries * dim, row < queries * dim)
        let (head, element) = (row % all / dim, row % dim)
        return (2 * head + (isGate ? 1 : 0)) * dim + element
    }
}

/// Attention of grouped query heads over cached keys and values (Vaswani et al. 2017, Ainslie et al. 2023).
struct Attention: Mixer {
    private let heads: AttentionHeads
    private let gates: Int  // columns of them before the queries
    private let projection: Linear  // [gates + (queries + 2 keys) * dim, hidden]: gates, queries, keys, values
    private let queryNorm: Norm?  // of each head, or of all
    private let keyNorm: Norm?
    private let clip: Float?
    private let rotary: Rotary?
    private let rotatedNorm: Norm?  // of each head
    private let temperature: Temperature?
    private let scores: AttentionScores
    private let output: Linear  // [hidden, queries * dim]
    private let valueNorm: Norm?  // of each head
    private let ownsKeys: Bool
    /// The place of its keys and values in the cache.
    let slot: CacheSlot

    /// What differs between attention blocks besides their sizes.
    struct Options {
        /// Positions that a token sees, its own included; nil for all.
        var window: Int?
        /// Positions after its own that a token sees too: `.max` for all; 0 for none.
        var ahead = 0
        /// Whether windows begin at multiples of their length, and do not move with the token.
        var isChunked = false
        /// Of queries and keys, before they are rotated; nil for none.
        var headNorms: NormStyle?
        /// What a norm of queries or keys is over.
        var normSpan = NormSpan.head
        /// What the names of norms end with, after `q_` and `k_`.
        var normName = "norm"
        /// The epsilon of norms without weights over each value head; nil for none.
        var valueNorms: Float?
        /// The bound that elements of queries, keys and values are brought into, after their norms; nil for none.
        var clip: Float?
        /// The epsilon of norms without weights over each query and key head, after they are rotated; nil for none.
        var rotatedNorms: Float?
        /// How queries grow with their positions; nil for not at all.
        var temperature: Temperature?
        /// What scores are multiplied by; nil for one over the root of the head's size.
        var scale: Float?
        /// The bound of soft-capped scores; nil for none.
        var softcap: Float?
        /// What each query head's scores fall by with every position that a key lies behind (``Alibi``); nil for none.
        var slopes: [Float]?
        /// What is added to scores by the distance between query and key; nil for none.
        var distanceBiases: DistanceBiases?
        /// The name of a logit for each query head that takes part in the softmax; nil for none.
        var sinks: String?
        /// Whether `q_proj` has a gate for each query head, whose sigmoid multiplies what the head puts out (Qiu et al. 2025).
        var isGated = false
        /// Biases of queries, keys and values.
        var bias = false
        /// The bias of the output.
        var outputBias = false
        /// The names of the matrices of queries, keys and values.
        var names = (query: "q_proj", key: "k_proj", value: "v_proj")
        /// The name of the output's matrix.
        var outputName = "o_proj"
        /// One matrix of queries, keys and values in place of three; nil for three.
        var fused: Fused?
        /// The place of another layer's keys and values, which it reads instead of its own; nil for its own.
        var source: CacheSlot?
    }

    /// Queries, keys and values in one matrix.
    struct Fused {
        let name: String
        /// Whether each key head has its queries, its key and its value together, and not all queries come first.
        var isGrouped = false
    }

    /// Queries times `1 + weight ln(1 + floor((position + 1) / interval))` (after Nakanishi 2025).
    struct Temperature: Sendable {
        let interval: Int
        let weight: Double

        func factor(_ position: Int32) -> Float {
            Float(1 + weight * log(Double(1 + (Int(position) + 1) / interval)))
        }
    }

    /// What a norm of queries or keys is over.
    enum NormSpan: Sendable {
        /// Each head, with the same weights for all: RMSNorm only.
        case head
        /// Each head, with weights of its own: `[heads, dim]` in one tensor.
        case rowOfHead
        /// Each head, with a norm of its own: `q_layernorm.norms.N`, `k_layernorm.norms.N`.
        case ownHead
        /// All heads together.
        case projection
    }

    /// Reads `q_proj`, `k_proj` and `v_proj`, or one matrix in their place, and `o_proj`, or what the options call it.
    init(
        _ model: ModelBuilder, _ heads: AttentionHeads, hidden: Int, rotary: Rotary?, _ options: Options = Options()
    ) throws(ModelError) {
        self.heads = heads
        self.rotary = rotary
        precondition(
            !options.isGated || options.fused == nil && options.clip == nil, "gates in a fused or bounded matrix")
        clip = options.clip
        temperature = options.temperature
        func norm(epsilon: Float) -> Norm {
            .rms(RMSNorm(weight: Array(repeating: 1, count: heads.dim), epsilon: epsilon))
        }
        rotatedNorm = options.rotatedNorms.map(norm)
        valueNorm = options.valueNorms.map(norm)
        ownsKeys = options.source == nil
        precondition(ownsKeys || options.fused == nil, "keys of another layer beside a matrix of its own")
        let (queryRows, keyRows) = (heads.queries * heads.dim, ownsKeys ? heads.keys * heads.dim : 0)
        gates = options.isGated ? queryRows : 0
        if let fused = options.fused {
            let order: ((Int) -> Int)? = fused.isGrouped ? { heads.groupedRow($0) } : nil
            projection = try model.linear(
                [(fused.name, queryRows + 2 * keyRows)], inputs: hidden, bias: options.bias, order: order)
        } else {
            let names = options.names
            let keysAndValues = ownsKeys ? [(names.key, keyRows), (names.value, keyRows)] : []
            projection = try model.linear(
                [(names.query, gates + queryRows)] + keysAndValues, inputs: hidden,
                bias: options.bias, order: options.isGated ? { heads.gatedRow($0) } : nil)
        }
        func norm(_ letter: String, _ count: Int) throws(ModelError) -> Norm? {
            guard let style = options.headNorms else { return nil }
            switch options.normSpan {
            case .head: return try model.norm("\(letter)_\(options.normName)", heads.dim, style)
            case .rowOfHead: return try model.norms(rowsOf: "\(letter)_norm", count, heads.dim, style)
            case .ownHead: return try model.norms("\(letter)_layernorm.norms", count, heads.dim, style)
            case .projection: return try model.norm("\(letter)_norm", count * heads.dim, style)
            }
        }
        queryNorm = try norm("q", heads.queries)
        keyNorm = ownsKeys ? try norm("k", heads.keys) : nil
        self.output = try model.linear(
            options.outputName, inputs: queryRows, outputs: hidden, bias: options.outputBias)
        var scores = AttentionScores(
            scale: options.scale ?? 1 / Float(heads.dim).squareRoot(), softcap: options.softcap, slopes: options.slopes)
        scores.biases = options.distanceBiases
        if let sinks = options.sinks { scores.sinks = try model.vector(sinks, heads.queries) }
        self.scores = scores
        slot =
            options.source
            ?? model.cache(
                CacheEntry(heads: heads.keys, keyDim: heads.dim, valueDim: heads.dim), window: options.window,
                ahead: options.ahead, isChunked: options.isChunked)
    }

    /// The gates, where there are some, and beside them the queries.
    func project(_ x: Matrix, after norm: Norm?, _ context: ForwardContext) -> Matrix {
        let (queries, keys) = (gates + heads.queries * heads.dim, ownsKeys ? heads.keys * heads.dim : 0)
        let all = projection(x, after: norm, context)
        let query = all.columns(gates..<queries)
        let key = all.columns(queries..<queries + keys)
        let both = all.columns(gates..<queries + keys)
        queryNorm?(query, into: query, context)
        keyNorm?(key, into: key, context)
        if let clip { context.compute.clamp(all, to: clip) }
        rotary?(both, headDim: heads.dim, context)
        rotatedNorm?(both, into: both, context)
        if let temperature { context.compute.scaleRows(query, by: context.batch.positions.map(temperature.factor)) }
        if ownsKeys {
            let value = all.columns(queries + keys..<queries + 2 * keys)
            valueNorm?(value, into: value, context)
            context.cache(key, value, at: slot)
        }
        return all.columns(0..<queries)
    }

    func mix(
        _ queries: Matrix, _ rows: BatchRows, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let query = queries.columns(gates..<queries.columns)
        let attended = context.attend(query, rows, heads: heads.queries, scores, at: slot)
        if gates > 0 {
            context.compute.copy(attended, into: query)
            context.compute.activate(queries, .sigmoid, gated: true, into: attended)
        }
        self.output(attended, into: y, output, context)
    }
}
