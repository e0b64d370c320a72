import LLMTensor
import LLMWeights

/// Multi-head latent attention (DeepSeek-AI 2024): keys and values of all heads are made from one latent vector a token,
/// which alone is cached, with one rotated key part that the heads share.
///
/// The matrix that makes a head's keys from the latent is applied to its query instead, so that queries look at latents
/// as they are cached; the one that makes its values is applied to the mean of latents that attention yields.
struct LatentAttention: Mixer {
    /// The sizes of its heads.
    struct Sizes: Sendable, Hashable {
        let heads: Int
        /// Elements of a head's query that are not rotated, and those that are.
        let plain: Int
        let rotated: Int
        /// Elements of a head's value.
        let value: Int
        /// Elements of the latent vector.
        let latent: Int

        /// Elements of a head's query.
        var query: Int { plain + rotated }
        /// Elements that are cached of a token.
        var cached: Int { latent + rotated }
    }

    /// How queries are made: directly, or through a vector of lower rank with a norm.
    private enum Query: Sendable {
        case direct(Linear)
        case lowRank(down: Linear, norm: Norm, up: Linear)
    }

    private let sizes: Sizes
    private let query: Query  // [heads * (plain + rotated), hidden]
    private let latent: Linear  // [latent + rotated, hidden]
    private let latentNorm: Norm
    private let keys: [Linear]  // of each head [latent, plain]: from its query to one for latents
    private let values: [Linear]  // of each head [value, latent]
    private let output: Linear  // [hidden, heads * value]
    private let rotary: Rotary  // of a query's last elements
    private let keyRotary: Rotary  // of the last elements cached
    private let scores: AttentionScores
    private let slot: CacheSlot

    /// Reads the tensors by DeepSeek's names.
    ///
    /// - Parameters:
    ///   - queryRank: the width of the vector that queries are made from; nil where they are made directly.
    ///   - rotary: makes the angles of `sizes.rotated` elements from an offset.
    ///   - norms: of latent and query vectors.
    init(
        _ model: ModelBuilder, _ sizes: Sizes, hidden: Int, queryRank: Int?, norms: NormStyle, scale: Float,
        bias: Bool, rotary: (_ offset: Int) throws(ModelError) -> Rotary
    ) throws(ModelError) {
        self.sizes = sizes
        let queries = sizes.heads * sizes.query
        if let queryRank {
            query = .lowRank(
                down: try model.linear("q_a_proj", inputs: hidden, outputs: queryRank, bias: bias),
                norm: try model.norm("q_a_layernorm", queryRank, norms),
                up: try model.linear("q_b_proj", inputs: queryRank, outputs: queries))
        } else {
            query = .direct(try model.linear("q_proj", inputs: hidden, outputs: queries))
        }
        latent = try model.linear("kv_a_proj_with_mqa", inputs: hidden, outputs: sizes.cached, bias: bias)
        latentNorm = try model.norm("kv_a_layernorm", sizes.latent, norms)
        let matrices = try LatentAttention.matrices(model, sizes)
        var (keys, values): ([Linear], [Linear]) = ([], [])
        for head in 0..<sizes.heads {
            let own = matrices?(head)
            keys.append(
                try model.linear(
                    own.map { [$0.key] } ?? [], named: "kv_b_proj", inputs: sizes.plain, columns: sizes.latent))
            values.append(
                try model.linear(
                    own.map { [$0.value] } ?? [], named: "kv_b_proj", inputs: sizes.latent, columns: sizes.value))
        }
        (self.keys, self.values) = (keys, values)
        output = try model.linear("o_proj", inputs: sizes.heads * sizes.value, outputs: hidden, bias: bias)
        self.rotary = try rotary(sizes.plain)
        keyRotary = try rotary(sizes.latent)
        scores = AttentionScores(scale: scale)
        slot = model.cache(.latent(dim: sizes.cached, valueDim: sizes.latent))
    }

    /// What makes a head's keys, `[latent, plain]`, and its values, `[value, latent]`; nil where the model is only described.
    private static func matrices(
        _ model: ModelBuilder, _ sizes: Sizes
    ) throws(ModelError) -> ((_ head: Int) -> (key: TensorView, value: TensorView))? {
        // Files that llama.cpp's converter made have them apart.
        if model.has("k_b_proj.weight") {
            let keys = try model.tensor("k_b_proj.weight", [sizes.heads, sizes.latent, sizes.plain])
            let values = try model.tensor("v_b_proj.weight", [sizes.heads, sizes.value, sizes.latent])
            guard let keys, let values else { return nil }
            return { (keys.element($0), values.element($0)) }
        }
        // Of each head the rows that make its keys, then those that make its values.
        let rows = sizes.plain + sizes.value
        guard let stacked = try model.tensor("kv_b_proj.weight", [sizes.heads * rows, sizes.latent]) else { return nil }
        return { head in
            let middle = head * rows + sizes.plain
            return (
                stacked.rows(head * rows..<middle).transposed(), stacked.rows(middle..<middle + sizes.value)
            )
        }
    }

    func project(_ x: Matrix, after norm: Norm?, _ context: ForwardContext) -> Matrix {
        let queries: Matrix
        switch query {
        case .direct(let linear): queries = linear(x, after: norm, context)
        case .lowRank(let down, let rankNorm, let up):
            queries = up(down(x, after: norm, context), after: rankNorm, context)
        }
        rotary(queries, headDim: sizes.query, context)
        let cached = latent(x, after: norm, context)
        let vector = cached.columns(0..<sizes.latent)
        latentNorm(vector, into: vector, context)
        keyRotary(cached, headDim: sizes.cached, context)
        context.cache(cached, nil, at: slot)
        return queries
    }

    func mix(
        _ queries: Matrix, _ rows: BatchRows, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let workspace = context.workspace
        let latents = workspace.matrix(rows: queries.rows, columns: sizes.heads * sizes.cached)
        let (heads, targets) = (queries.cut(into: sizes.query), latents.cut(into: sizes.cached))
        eachHead(
            keys, heads.columns(0..<sizes.plain), into: targets.columns(0..<sizes.latent), context)
        context.compute.copy(
            heads.columns(sizes.plain..<sizes.query), into: targets.columns(sizes.latent..<sizes.cached))
        let attended = context.attend(latents, rows, heads: sizes.heads, scores, at: slot)
        let mixed = workspace.matrix(rows: queries.rows, columns: sizes.heads * sizes.value)
        eachHead(values, attended.cut(into: sizes.latent), into: mixed.cut(into: sizes.value), context)
        self.output(mixed, into: y, output, context)
    }

    /// The layer of each head over its rows of `x`, where heads take turns, into the same rows of `y`.
    private func eachHead(_ layers: [Linear], _ x: Matrix, into y: Matrix, _ context: ForwardContext) {
        let input = context.compute.activations(x, for: layers.map(\.weights), in: context.workspace.input)
        let rows = x.rows / sizes.heads
        Linear.together(
            layers.enumerated().map { head, layer in
                (
                    layer, input.rows(from: head, every: sizes.heads, count: rows),
                    y.rows(from: head, every: sizes.heads, count: rows)
                )
            }, context)
    }
}

extension LatentAttention.Sizes {
    /// The usual keys; what they default to where the config has none.
    init(_ config: ConfigFile, plain: Int, rotated: Int, value: Int, latent: Int) throws(ModelError) {
        let dims = 1...512
        self.init(
            heads: try config.integer("num_attention_heads", in: 1...1 << 14),
            plain: try config.integer("qk_nope_head_dim", in: dims, default: plain),
            rotated: try config.integer("qk_rope_head_dim", in: 2...64, default: rotated),
            value: try config.integer("v_head_dim", in: dims, default: value),
            latent: try config.integer("kv_lora_rank", in: dims, default: latent))
        guard self.rotated % 2 == 0 else { throw config.invalid("qk_rope_head_dim", "even, not \(self.rotated)") }
    }
}

extension ConfigFile {
    /// `q_lora_rank`: the length of the vector that queries are made through; nil where it is null.
    func queryRank(default fallback: Int) throws(ModelError) -> Int? {
        isNull("q_lora_rank") ? nil : try integer("q_lora_rank", in: 1...1 << 17, default: fallback)
    }

    /// What scores of latent attention are multiplied by: YaRN sharpens them too.
    func latentScale(_ sizes: LatentAttention.Sizes) throws(ModelError) -> Float {
        let plain = 1 / Double(sizes.query).squareRoot()
        guard case .yarn(let yarn) = try RotaryScaling.read(self).scaling, let mscale = yarn.mscaleAllDim else {
            return Float(plain)
        }
        let sharpening = Yarn.mscale(yarn.factor, mscale)
        return Float(plain * sharpening * sharpening)
    }
}
