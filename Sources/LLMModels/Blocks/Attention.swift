import Foundation
import LLMTensor
import LLMWeights

/// What mixes the tokens of a sequence in a layer. It works in two parts, so that of the last layer's rows those that
/// nobody asked for end with the first.
protocol Mixer: Sendable {
    /// Writes what later tokens need of all rows to the cache, and returns what the rows themselves go on with, the
    /// queries, `[rows, …]`.
    func project(_ x: Matrix, after norm: Norm?, _ context: ForwardContext) -> Matrix

    /// The mixer's output for the queries of these rows, stored in `y` or added to it, `[rows, hidden]`.
    func mix(_ queries: Matrix, _ rows: BatchRows, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext)
}

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
    init(_ config: ConfigFile, keys defaultKeys: Int? = nil, dim defaultDim: Int? = nil) throws(ModelError) {
        let hidden = try config.integer("hidden_size", in: DecoderSizes.hiddenSizes)
        let queries = try config.integer("num_attention_heads", in: 1...1 << 14)
        let keys = try config.integer("num_key_value_heads", in: 1...1 << 14, default: defaultKeys ?? queries)
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
}

/// Attention of grouped query heads over cached keys and values (Vaswani et al. 2017, Ainslie et al. 2023).
struct Attention: Mixer {
    private let heads: AttentionHeads
    private let projection: Linear  // [(queries + 2 keys) * dim, hidden]: queries, keys, values
    private let queryNorm: Norm?  // of each head, or of all
    private let keyNorm: Norm?
    private let clip: Float?
    private let rotary: Rotary?
    private let rotatedNorm: Norm?  // of each head
    private let temperature: Temperature?
    private let scores: AttentionScores
    private let output: Linear  // [hidden, queries * dim]
    private let slot: CacheSlot

    /// What differs between attention blocks besides their sizes.
    struct Options {
        /// Positions that a token sees, its own included; nil for all.
        var window: Int?
        /// Whether windows begin at multiples of their length, and do not move with the token.
        var isChunked = false
        /// Of queries and keys, before they are rotated; nil for none.
        var headNorms: NormStyle?
        /// What a norm of queries or keys is over.
        var normSpan = NormSpan.head
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
        /// The name of a logit for each query head that takes part in the softmax; nil for none.
        var sinks: String?
        /// Biases of queries, keys and values.
        var bias = false
        /// The bias of the output.
        var outputBias = false
        /// The names of the tensors: queries, keys, values, output.
        var names = ("q_proj", "k_proj", "v_proj", "o_proj")
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
        /// Each head, with the same weights for all.
        case head
        /// All heads together.
        case projection
    }

    /// Reads `q_proj`, `k_proj`, `v_proj` and `o_proj`, or what the options call them.
    init(
        _ model: ModelBuilder, _ heads: AttentionHeads, hidden: Int, rotary: Rotary?, _ options: Options = Options()
    ) throws(ModelError) {
        self.heads = heads
        self.rotary = rotary
        clip = options.clip
        temperature = options.temperature
        rotatedNorm = options.rotatedNorms.map {
            .rms(RMSNorm(weight: Array(repeating: 1, count: heads.dim), epsilon: $0))
        }
        let (queries, keys, values, output) = options.names
        projection = try model.linear(
            [(queries, heads.queries * heads.dim), (keys, heads.keys * heads.dim), (values, heads.keys * heads.dim)],
            inputs: hidden, bias: options.bias)
        if let style = options.headNorms {
            let (queries, keys) = options.normSpan == .projection ? (heads.queries, heads.keys) : (1, 1)
            queryNorm = try model.norm("q_norm", queries * heads.dim, style)
            keyNorm = try model.norm("k_norm", keys * heads.dim, style)
        } else {
            (queryNorm, keyNorm) = (nil, nil)
        }
        self.output = try model.linear(
            output, inputs: heads.queries * heads.dim, outputs: hidden, bias: options.outputBias)
        var scores = AttentionScores(
            scale: options.scale ?? 1 / Float(heads.dim).squareRoot(), softcap: options.softcap)
        if let sinks = options.sinks { scores.sinks = try model.vector(sinks, heads.queries) }
        self.scores = scores
        slot = model.cache(
            CacheEntry(heads: heads.keys, keyDim: heads.dim, valueDim: heads.dim), window: options.window,
            isChunked: options.isChunked)
    }

    func project(_ x: Matrix, after norm: Norm?, _ context: ForwardContext) -> Matrix {
        let (queries, keys) = (heads.queries * heads.dim, heads.keys * heads.dim)
        let all = projection(x, after: norm, context)
        let query = all.columns(0..<queries)
        let key = all.columns(queries..<queries + keys)
        if let queryNorm, let keyNorm {
            queryNorm(query, into: query, context)
            keyNorm(key, into: key, context)
        }
        if let clip { context.compute.clamp(all, to: clip) }
        rotary?(all.columns(0..<queries + keys), headDim: heads.dim, context)
        if let rotatedNorm {
            let both = all.columns(0..<queries + keys)
            rotatedNorm(both, into: both, context)
        }
        if let temperature { context.compute.scaleRows(query, by: context.batch.positions.map(temperature.factor)) }
        context.cache(key, all.columns(queries + keys..<queries + 2 * keys), at: slot)
        return query
    }

    func mix(
        _ queries: Matrix, _ rows: BatchRows, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let attended = context.attend(queries, rows, heads: heads.queries, scores, at: slot)
        self.output(attended, into: y, output, context)
    }
}
