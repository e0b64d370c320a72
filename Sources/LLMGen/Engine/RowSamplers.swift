import LLMSampling
import LLMTensor

/// Works on the rows of a step on the threads of a pool. What comes of a row depends on that row and its request only, so
/// it does not matter which thread takes it.
struct RowSamplers {
    /// What is wanted of a row of logits.
    enum Task: Sendable {
        /// The log probabilities of a token that is known, and of so many others.
        case logprobs(of: TokenID, top: Int)
        /// What is not known yet.
        case next(RowsTask.Next)
    }

    /// What came of a row.
    enum Outcome: Sendable {
        case logprobs(TokenLogprobs)
        case tokens([SampledToken])
        case mostProbable([TokenLogprob])
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

    /// What came of the rows of `logits`, in order; nil where nothing is wanted of a row.
    func run(_ tasks: ArraySlice<Task?>, _ logits: Matrix) -> [Result<Outcome, LLMGenError>?] {
        let tasks = Array(tasks)
        // Piece p takes rows p, p + pieces, p + 2·pieces, … and has a scratch of its own.
        let pieces = min(scratch.count, tasks.count)
        let results = pool.map(pieces) { piece in
            stride(from: piece, to: tasks.count, by: pieces).map { index -> Result<Outcome, LLMGenError>? in
                guard let task = tasks[index] else { return nil }
                return Result { () throws(LLMGenError) in
                    try logits.withRow(index) { values throws(LLMGenError) in
                        try RowSamplers.run(task, values.span, &scratch[piece].sampler)
                    }
                }
            }
        }
        return tasks.indices.map { results[$0 % pieces][$0 / pieces] }
    }

    private static func run(
        _ task: Task, _ logits: Span<Float>, _ sampler: inout Sampler
    ) throws(LLMGenError) -> Outcome {
        do {
            switch task {
            case .next(.sample(let samples)): return .tokens(try tokens(samples, logits, &sampler))
            case .logprobs(let token, let top):
                return .logprobs(try sampler.logprobs(logits, of: token, topCount: top))
            case .next(.mostProbable(let count)):
                return .mostProbable(try sampler.mostProbable(logits, count: count))
            }
        } catch let error as SamplingError {
            throw LLMGenError(error)
        } catch let error as LLMGenError {
            throw error
        } catch {
            throw LLMGenError(code: .failed, message: "\(error)", cause: error)
        }
    }

    /// The next tokens of samples; none where a mask is not ready.
    private static func tokens(
        _ samples: [RowsTask.Sample], _ logits: Span<Float>, _ sampler: inout Sampler
    ) throws -> [SampledToken] {
        var masks: [TokenMask?] = []
        for sample in samples {
            guard let constraint = sample.constraint else {
                masks.append(nil)
                continue
            }
            guard let mask = try constraint.nextMask() else { return [] }
            masks.append(mask)
        }
        var tokens: [SampledToken] = []
        for (sample, mask) in zip(samples, masks) {
            let token = try sampler.next(
                logits, sample.parameters, sample.history, processors: sample.processors, mask: mask)
            try sample.constraint?.accept(token.id)
            tokens.append(token)
        }
        return tokens
    }
}
