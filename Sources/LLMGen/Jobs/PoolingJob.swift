import LLMScheduling
import LLMTensor

/// A text whose hidden states, or whose scores by a classifier, become one vector.
struct PoolingRequest: JobRequest {
    typealias Reply = PooledOutput

    /// What it is, in errors.
    var what = "embedding"
    let prompt: [TokenID]
    /// The type of each token, for a model that tells texts of a pair apart.
    var tokenTypes: [Int32]?
    let pooling: Pooling
    /// Tokens at the beginning that do not count.
    var skipped = 0
    let options: RequestOptions

    /// Cached blocks have keys and values, and no hidden states.
    var sequence: SequenceRequest {
        SequenceRequest(
            id: .unassigned, prompt: prompt, readsPrefixCache: false, promptStates: pooling == .last ? .last : .all)
    }

    func job(_ ticket: JobTicket, _ model: LanguageModel, _ sink: JobSink<PooledOutput>) -> any EngineJob {
        PoolingJob(ticket, self, sink)
    }
}

/// What came of a text.
struct PooledOutput: Sendable {
    let vector: [Double]
    let usage: Usage
}

/// A live pooling.
struct PoolingJob: EngineJob {
    var ticket: JobTicket
    let tokenTypes: [Int32]?
    private let what: String
    private let sink: JobSink<PooledOutput>
    private var pooled: PooledStates
    private var finishReason: FinishReason?
    private var output: PooledOutput?

    init(_ ticket: JobTicket, _ request: PoolingRequest, _ sink: JobSink<PooledOutput>) {
        self.ticket = ticket
        tokenTypes = request.tokenTypes
        what = request.what
        self.sink = sink
        pooled = PooledStates(request.pooling, skipping: request.skipped)
    }

    var sequences: [SequenceID] { [ticket.id] }
    var isFinished: Bool { finishReason != nil }

    mutating func take(_ states: Matrix, at position: Int) { pooled.append(states, at: position) }

    mutating func end(
        _ sequence: FinishedSequence, at now: ContinuousClock.Instant
    ) throws(LLMGenError) -> [EndedSample] {
        if sequence.reason == .stop { output = try pooledOutput() }
        finishReason = sequence.reason
        return [EndedSample(index: 0, reason: sequence.reason)]
    }

    func measures(at now: ContinuousClock.Instant) -> JobMeasures {
        JobMeasures(
            reason: finishReason ?? .error,
            prefillSeconds: output == nil ? nil : ticket.secondsSinceFirstStep(at: now), countsPrompt: output != nil)
    }

    func finish() {
        guard let output else { return fail(LLMGenError(unfinished: what, ticket, finishReason)) }
        sink.yield(output)
        sink.finish()
    }

    func fail(_ error: LLMGenError) { sink.finish(throwing: error) }

    private func pooledOutput() throws(LLMGenError) -> PooledOutput {
        guard let vector = pooled.pooled() else {
            throw LLMGenError(
                code: .failed,
                message:
                    "the hidden states of the prompt's \(ticket.prompt.count) tokens have a value that is no finite"
                    + " number; check the model's weights, or load them with compute-dtype float32")
        }
        return PooledOutput(
            vector: vector, usage: Usage(promptTokens: ticket.prompt.count, cachedTokens: 0, completionTokens: 0))
    }
}

extension LLMGenError {
    /// The error of an all-or-nothing request that ended early: a part of its result would be another text's.
    init(unfinished what: String, _ ticket: JobTicket, _ reason: FinishReason?) {
        switch reason {
        case .timeout:
            let seconds = ticket.options.timeout?.seconds ?? 0
            self.init(
                code: .timedOut,
                message: "the \(what) was not done within its timeout of \(seconds) s; give it more time")
        default:
            self.init(code: .aborted, message: "the \(what) was aborted before it was done; ask again")
        }
    }
}
