import CLLMKernels

/// Consecutive query rows of one sequence in a batch.
public struct AttentionSequence: Sendable, Hashable {
    /// Rows of the batch.
    public let rows: Range<Int>
    /// Position in the sequence of the first row.
    public let firstPosition: Int
    /// Blocks that hold the sequence's positions, in order; -1 for one that lies behind the window of every row.
    public let blockTable: [Int32]

    /// Rows `rows` of the batch, of which the first is at `firstPosition`.
    public init(rows: Range<Int>, firstPosition: Int, blockTable: [Int32]) {
        self.rows = rows
        self.firstPosition = firstPosition
        self.blockTable = blockTable
    }
}

/// What a head's scores are made of, besides queries and keys.
public struct AttentionScores: Sendable, Hashable {
    /// What the product of query and key is multiplied by.
    public var scale: Float
    /// The bound `c` of soft-capped scores, `c * tanh(score / c)`; nil for none.
    public var softcap: Float?
    /// What each query head's scores fall by with every position that a key lies behind, `[heads]` (ALiBi, Press et al.
    /// 2022); nil for none.
    public var slopes: [Float]?
    /// A logit for each query head that takes part in the softmax and has no value, `[heads]` (gpt-oss); nil for none.
    public var sinks: [Float]?

    /// What is added to each query head's scores by how many positions a key lies after the query; nil for none.
    public var biases: DistanceBiases?

    /// Scores of the product times `scale`.
    public init(scale: Float, softcap: Float? = nil, slopes: [Float]? = nil, sinks: [Float]? = nil) {
        self.scale = scale
        self.softcap = softcap
        self.slopes = slopes
        self.sinks = sinks
    }
}

/// Biases of scores by the distance between query and key.
public struct DistanceBiases: Sendable, Hashable {
    /// Of each head, those of keys that lie `-span ... span` positions after the query, `[heads * (2 * span + 1)]`. Keys
    /// that are further off have those of the nearest of these.
    public let values: [Float]
    /// The largest distance that is told apart.
    public let span: Int

    /// - Precondition: a whole number of heads.
    public init(values: [Float], span: Int) {
        precondition(span >= 0 && values.count % (2 * span + 1) == 0, "\(values.count) biases of distances to \(span)")
        self.values = values
        self.span = span
    }
}

/// The attention work of one batch over the pages of one group of layers, cut into pieces for the pool. Made once a
/// step and used by every layer of the group.
public struct AttentionPlan: Sendable {
    struct Piece: Sendable {
        let sequence: Int
        let kvHead: Int
        let queries: Range<Int>
        let work: Int  // queries times the positions that they see
    }

    let sequences: [AttentionSequence]
    let shape: KVPagesShape
    let heads: Int
    let window: Int?
    let ahead: Int
    let isChunked: Bool
    let pieces: [Piece]  // the pool takes the last ones first

    /// - Parameters:
    ///   - heads: query heads, a multiple of the pages' heads.
    ///   - window: positions that a query sees, its own included; nil for all up to its own.
    ///   - ahead: positions after its own that a query sees too, up to its sequence's last row, so that the rows of a
    ///     step must be a whole text; `.max` for all.
    ///   - isChunked: whether windows begin at multiples of their length, and do not move with the query.
    /// - Precondition: each block table covers its sequence's last position and names blocks below `blockCount`, but
    ///   for those behind the window.
    public init(
        _ sequences: [AttentionSequence], heads: Int, window: Int? = nil, ahead: Int = 0, isChunked: Bool = false,
        pages: KVPages
    ) {
        let kvHeads = pages.shape.entry.heads
        precondition(heads > 0 && heads % kvHeads == 0, "\(heads) heads over \(kvHeads)")
        precondition(window.map { $0 > 0 } ?? true, "a window of nothing")
        precondition(ahead >= 0, "\(ahead) positions ahead")
        self.heads = heads
        self.window = window
        self.ahead = ahead
        self.isChunked = isChunked
        shape = pages.shape
        self.sequences = sequences
        let blockSize = pages.shape.blockSize
        for sequence in sequences {
            let needed = (sequence.firstPosition + sequence.rows.count + blockSize - 1) / blockSize
            precondition(sequence.blockTable.count >= needed, "a block table that is too short")
            let first = window.map { max(0, sequence.firstPosition + 1 - $0) / blockSize } ?? 0
            precondition(
                sequence.blockTable[first..<needed].allSatisfy { $0 >= 0 && $0 < pages.blockCount },
                "an unknown block")
        }
        var pieces: [Piece] = []
        let size = max(1, Int(LLM_ATTENTION_ROWS) / (heads / kvHeads))
        for (index, sequence) in sequences.enumerated() {
            for start in stride(from: 0, to: sequence.rows.count, by: size) {
                let queries = start..<min(start + size, sequence.rows.count)
                let seen =
                    sequence.firstPosition + queries.upperBound + min(ahead, sequence.rows.count - queries.upperBound)
                let span = window.map { $0 + min(ahead, seen) + queries.count } ?? seen
                let work = queries.count * min(seen, span)
                for kvHead in 0..<kvHeads {
                    pieces.append(Piece(sequence: index, kvHead: kvHead, queries: queries, work: work))
                }
            }
        }
        // The longest begin first, so that the threads end together.
        self.pieces = pieces.sorted { $0.work < $1.work }
    }
}

extension Compute {
    /// Writes rows of keys, `[rows, heads * keyDim]`, and of values, `[rows, heads * valueDim]`, to their slots: block
    /// times block size plus offset. Latent pages have no values.
    public func writePages(keys: Matrix, values: Matrix?, slots: [Int], pages: KVPages, layer: Int) {
        let (shape, entry) = (pages.shape, pages.shape.entry)
        precondition(keys.columns == entry.heads * entry.keyDim && keys.rows == slots.count, "writePages: keys")
        precondition((values == nil) == entry.isLatent, "writePages: latent pages have no values, others have")
        precondition(
            values.map { $0.columns == entry.heads * entry.valueDim && $0.rows == slots.count } ?? true,
            "writePages: values")
        let target = KernelArguments(value: pages.layer(layer))
        overRows(slots.count, elements: 2 * slots.count * keys.columns) { range in
            for row in range {
                precondition(slots[row] >= 0 && slots[row] < pages.blockCount * shape.blockSize, "writePages: slot")
                withUnsafePointer(to: target.value) {
                    llm_write_page(
                        $0, slots[row], keys.base + row * keys.stride, values.map { $0.base + row * $0.stride })
                }
            }
        }
    }

    /// Attention of each sequence's rows over its pages: `[rows, heads * keyDim]` for `q`,
    /// `[rows, heads * valueDim]` for `y`.
    public func attention(
        _ q: Matrix, _ plan: AttentionPlan, pages: KVPages, layer: Int, _ scores: AttentionScores, into y: Matrix
    ) {
        let entry = pages.shape.entry
        precondition(plan.shape == pages.shape, "attention: the plan is for other pages")
        precondition(
            q.columns == plan.heads * entry.keyDim && y.columns == plan.heads * entry.valueDim, "attention: columns")
        precondition(plan.sequences.allSatisfy { $0.rows.upperBound <= min(q.rows, y.rows) }, "attention: rows")
        for values in [scores.slopes, scores.sinks] {
            precondition(values.map { $0.count == plan.heads } ?? true, "attention: slopes or sinks")
        }
        precondition(
            scores.biases.map { $0.values.count == plan.heads * (2 * $0.span + 1) } ?? true, "attention: biases")
        precondition(scores.slopes == nil || plan.ahead == 0, "attention: slopes of positions ahead")
        let kernel = kernels.attention
        withOptionalPointer(scores.slopes) { slopes in
            withOptionalPointer(scores.sinks) { sinks in
                withOptionalPointer(scores.biases?.values) { biases in
                    let arguments = KernelArguments(
                        value: llm_attention_args(
                            q: q.base, q_stride: q.stride, out: y.base, out_stride: y.stride, pages: pages.layer(layer),
                            block_table: nil, first_position: 0, length: 0, heads: plan.heads, scale: scores.scale,
                            window: plan.window ?? 0, ahead: plan.ahead, chunked: plan.isChunked,
                            softcap: scores.softcap ?? 0, slopes: slopes, sinks: sinks, biases: biases,
                            bias_span: scores.biases?.span ?? 0))
                    pool.run(plan.pieces.count) { index in
                        let piece = plan.pieces[index]
                        let sequence = plan.sequences[piece.sequence]
                        sequence.blockTable.withUnsafeBufferPointer { table in
                            var own = arguments.value
                            own.q += sequence.rows.lowerBound * q.stride
                            own.out += sequence.rows.lowerBound * y.stride
                            own.block_table = table.baseAddress
                            own.first_position = sequence.firstPosition
                            own.length = sequence.firstPosition + sequence.rows.count
                            kernel(&own, piece.kvHead, piece.queries.lowerBound, piece.queries.upperBound)
                        }
                    }
                }
            }
        }
    }
}
