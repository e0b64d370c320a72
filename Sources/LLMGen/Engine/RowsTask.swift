import LLMSampling
import LLMScheduling
import LLMTensor

/// What a job wants of the rows of one sequence that have logits.
struct RowsTask: Sendable {
    /// What a sample's token depends on besides the logits.
    struct Sample: Sendable {
        let parameters: ResolvedSampling
        let history: SequenceHistory
        let processors: [any LogitsProcessor]
        let constraint: OutputConstraint?
    }

    /// What can be wanted of a row whose next token is not known.
    enum Next: Sendable {
        /// The next tokens of samples: of the sequence's own, or of all samples of a request after its prompt.
        case sample([Sample])
        /// So many of the most probable tokens.
        case mostProbable(Int)
    }

    /// The tokens that are known to follow the rows, from the first row on: their log probabilities are wanted.
    var known: [TokenID] = []
    /// How many of the most probable tokens are wanted beside each of those.
    var top = 0
    /// What is wanted of the rows after those; nil for nothing.
    var next: Next?
}

/// What came of the rows of one sequence.
struct RowsOutcome {
    let sequence: SequenceID
    /// The positions of the sequence that the step computed.
    let positions: Range<Int>
    /// The log probabilities of the known tokens, that after the first of `positions` first.
    var logprobs: [TokenLogprobs] = []
    /// The tokens of the samples; none where a mask takes longer than this step.
    var tokens: [SampledToken] = []
    /// The most probable tokens; nil where they were not asked for, or the rows were not the last ones.
    var mostProbable: [TokenLogprob]?
    /// Why a row could not be worked on.
    var error: LLMGenError?
}

/// The rows of a step that have logits, and what comes of them, sequence by sequence.
struct StepRows {
    private var rows: [RowSamplers.Task?] = []
    private var owners: [Int] = []  // of each row, the index of its sequence's outcome
    private(set) var outcomes: [RowsOutcome] = []

    mutating func append(_ sequence: ScheduledSequence, _ task: RowsTask) {
        let count = sequence.logitRows.count
        guard count > 0 else { return }
        owners += repeatElement(outcomes.count, count: count)
        outcomes.append(RowsOutcome(sequence: sequence.id, positions: sequence.positions))
        for row in 0..<count {
            if row < task.known.count {
                rows.append(.logprobs(of: task.known[row], top: task.top))
            } else {
                rows.append(task.next.map { .next($0) })
            }
        }
    }

    /// Works on a part of the rows, whose logits are computed.
    mutating func run(_ part: Range<Int>, _ logits: Matrix, on samplers: RowSamplers) {
        for (row, result) in zip(part, samplers.run(rows[part], logits)) {
            switch result {
            case .success(.logprobs(let logprobs)): outcomes[owners[row]].logprobs.append(logprobs)
            case .success(.tokens(let tokens)): outcomes[owners[row]].tokens = tokens
            case .success(.mostProbable(let tokens)): outcomes[owners[row]].mostProbable = tokens
            case .failure(let error): outcomes[owners[row]].error = outcomes[owners[row]].error ?? error
            case nil: break
            }
        }
    }
}
