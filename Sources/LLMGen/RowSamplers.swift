import LLMSampling
import LLMTensor

/// Samples the rows of a step on the threads of a pool. A token depends on its row, its request's parameters and the
/// sequence so far only, so it does not matter which thread takes it.
struct RowSamplers {
    /// What a row's token depends on besides its logits.
    struct Row: Sendable {
        let parameters: ResolvedSampling
        let history: SequenceHistory
        var processors: [any LogitsProcessor] = []
    }

    private let pool: ThreadPool
    private let scratch: [Scratch]

    /// A sampler with its scratch space, in use by one piece of work at a time.
    private final class Scratch: @unchecked Sendable {
        var sampler = Sampler()
    }

    init(_ pool: ThreadPool) {
        self.pool = pool
        scratch = (0..<pool.threads).map { _ in Scratch() }
    }

    /// The tokens of the rows of `logits`, in order; nil where there is no row to sample.
    func sample(_ rows: [Row?], _ logits: Matrix) -> [Result<SampledToken, SamplingError>?] {
        // Each piece has every so many-th row and a scratch of its own.
        let pieces = min(scratch.count, rows.count)
        let results = pool.map(pieces) { piece in
            stride(from: piece, to: rows.count, by: pieces).map { index -> Result<SampledToken, SamplingError>? in
                guard let row = rows[index] else { return nil }
                return Result { () throws(SamplingError) in
                    try logits.withRow(index) { values throws(SamplingError) in
                        try scratch[piece].sampler.next(
                            values.span, row.parameters, row.history, processors: row.processors)
                    }
                }
            }
        }
        return rows.indices.map { results[$0 % pieces][$0 / pieces] }
    }
}
