import CLLMKernels

/// Consecutive query rows of one sequence in a batch.
public struct AttentionSequence: Sendable, Hashable {
    /// Rows of the batch.
    public let rows: Range<Int>
    /// Position in the sequence of the first row.
    public let firstPosition: Int
    /// Blocks that hold the sequence's positions, in order.
    public let blockTable: [Int32]

    /// Rows `rows` of the batch, of which the first is at `firstPosition`.
    public init(rows: Range<Int>, firstPosition: Int, blockTable: [Int32]) {
        self.rows = rows
        self.firstPosition = firstPosition
        self.blockTable = blockTable
    }
}

/// The attention work of one batch, cut into pieces for the pool. Made once a step and used by every layer.
public struct AttentionPlan: Sendable {
    struct Piece: Sendable {
        let sequence: Int
        let kvHead: Int
        let queries: Range<Int>
        let work: Int  // queries times the positions that the last one sees
    }

    let sequences: [AttentionSequence]
    let shape: KVPagesShape
    let heads: Int
    let pieces: [Piece]  // the pool takes the last ones first

    /// - Parameter heads: query heads, a multiple of the pages' heads.
    /// - Precondition: each block table covers its sequence's last position and names blocks below `blockCount`.
    public init(_ sequences: [AttentionSequence], heads: Int, pages: KVPages) {
        precondition(heads > 0 && heads % pages.shape.kvHeads == 0, "\(heads) heads over \(pages.shape.kvHeads)")
        self.heads = heads
        shape = pages.shape
        self.sequences = sequences
        for sequence in sequences {
            let needed = (sequence.firstPosition + sequence.rows.count + shape.blockSize - 1) / shape.blockSize
            precondition(sequence.blockTable.count >= needed, "a block table that is too short")
            precondition(sequence.blockTable.allSatisfy { $0 >= 0 && $0 < pages.blockCount }, "an unknown block")
        }
        var pieces: [Piece] = []
        let size = max(1, Int(LLM_ATTENTION_ROWS) / (heads / shape.kvHeads))
        for (index, sequence) in sequences.enumerated() {
            for start in stride(from: 0, to: sequence.rows.count, by: size) {
                let queries = start..<min(start + size, sequence.rows.count)
                let work = queries.count * (sequence.firstPosition + queries.upperBound)
                for kvHead in 0..<shape.kvHeads {
                    pieces.append(Piece(sequence: index, kvHead: kvHead, queries: queries, work: work))
                }
            }
        }
        // The longest begin first, so that the threads end together.
        self.pieces = pieces.sorted { $0.work < $1.work }
    }
}

extension Compute {
    /// Writes rows of keys and values, `[rows, kvHeads * headDim]` each, to their slots: block times block size plus
    /// offset.
    public func writePages(keys: Matrix, values: Matrix, slots: [Int], pages: KVPages, layer: Int) {
        let shape = pages.shape
        let width = shape.kvHeads * shape.headDim
        precondition(keys.columns == width && values.columns == width, "writePages: columns")
        precondition(keys.rows == slots.count && values.rows == slots.count, "writePages: rows")
        let target = KernelArguments(value: pages.layer(layer))
        overRows(slots.count, elements: 2 * slots.count * width) { range in
            for row in range {
                precondition(slots[row] >= 0 && slots[row] < pages.blockCount * shape.blockSize, "writePages: slot")
                withUnsafePointer(to: target.value) {
                    llm_write_page($0, slots[row], keys.base + row * keys.stride, values.base + row * values.stride)
                }
            }
        }
    }

    /// Causal attention of each sequence's rows over its pages, `[rows, heads * headDim]` for `q` and `y`.
    public func attention(
        _ q: Matrix, _ plan: AttentionPlan, pages: KVPages, layer: Int, scale: Float, into y: Matrix
    ) {
        let shape = pages.shape
        precondition(plan.shape == shape, "attention: the plan is for other pages")
        precondition(q.columns == plan.heads * shape.headDim && y.columns == q.columns, "attention: columns")
        precondition(plan.sequences.allSatisfy { $0.rows.upperBound <= min(q.rows, y.rows) }, "attention: rows")
        let layerPages = KernelArguments(value: pages.layer(layer))
        let kernel = kernels.attention
        pool.run(plan.pieces.count) { index in
            let piece = plan.pieces[index]
            let sequence = plan.sequences[piece.sequence]
            sequence.blockTable.withUnsafeBufferPointer { table in
                var arguments = llm_attention_args(
                    q: q.base + sequence.rows.lowerBound * q.stride, q_stride: q.stride,
                    out: y.base + sequence.rows.lowerBound * y.stride, out_stride: y.stride, pages: layerPages.value,
                    block_table: table.baseAddress, first_position: sequence.firstPosition,
                    heads: plan.heads, scale: scale)
                kernel(&arguments, piece.kvHead, piece.queries.lowerBound, piece.queries.upperBound)
            }
        }
    }
}
