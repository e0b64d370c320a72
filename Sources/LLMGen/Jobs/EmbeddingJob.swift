import LLMScheduling
import LLMTensor

extension Engine {
    /// One vector a prompt, in the prompts' order: the model's hidden states after its last norm, pooled.
    ///
    /// A prompt is scheduled like a request that generates, and may have all of ``maxModelLength`` tokens. Its vector is
    /// the same bits whatever else the engine computes. The prefix cache is not read. An input at fault ends all:
    /// nothing is computed where a prompt is empty, too long or not in the vocabulary.
    ///
    /// - Parameters:
    ///   - normalize: whether vectors are scaled to length 1, by the square root of the float64 sum of their squares in
    ///     the order of their elements; zeros stay zeros.
    ///   - options: of each prompt; logits processors have nothing to do.
    /// - Throws: ``LLMGenError``: that of the first prompt at fault, a queue that has no room for all, a timeout, an
    ///   abort, hidden states that are no numbers; or `CancellationError` where the task is cancelled. The others are
    ///   ended, and their blocks free within a step.
    public func embed(
        _ prompts: [Prompt], pooling: Pooling = .mean, normalize: Bool = true,
        _ options: RequestOptions = RequestOptions()
    ) async throws -> [EmbeddingOutput] {
        let arrival = ContinuousClock.now
        let requests = try prompts.map { prompt throws(LLMGenError) in
            try checked(
                EmbeddingRequest(
                    prompt: try tokens(of: prompt), pooling: pooling, normalize: normalize, options: options))
        }
        return try await Engine.replies(of: submit(requests.map { .success($0) }, since: arrival))
    }
}

/// A text to embed.
struct EmbeddingRequest: JobRequest {
    typealias Reply = EmbeddingOutput

    let prompt: [TokenID]
    let pooling: Pooling
    let normalize: Bool
    let options: RequestOptions

    /// Cached blocks have keys and values, and no hidden states.
    var sequence: SequenceRequest {
        SequenceRequest(
            id: .unassigned, prompt: prompt, readsPrefixCache: false, promptStates: pooling == .mean ? .all : .last)
    }

    func job(_ ticket: JobTicket, _ model: LanguageModel, _ sink: JobSink<EmbeddingOutput>) -> any EngineJob {
        EmbeddingJob(ticket, normalize: normalize, sink)
    }
}

/// A live embedding.
struct EmbeddingJob: EngineJob {
    var ticket: JobTicket
    private let normalize: Bool
    private let sink: JobSink<EmbeddingOutput>
    private var pooled = PooledStates()
    private var finishReason: FinishReason?
    private var output: EmbeddingOutput?

    init(_ ticket: JobTicket, normalize: Bool, _ sink: JobSink<EmbeddingOutput>) {
        self.ticket = ticket
        self.normalize = normalize
        self.sink = sink
    }

    var sequences: [SequenceID] { [ticket.id] }
    var isFinished: Bool { finishReason != nil }

    mutating func take(_ states: Matrix, at position: Int) { pooled.append(states, restarts: position == 0) }

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
        guard let output else { return fail(LLMGenError(unfinished: "embedding", ticket, finishReason)) }
        sink.yield(output)
        sink.finish()
    }

    func fail(_ error: LLMGenError) { sink.finish(throwing: error) }

    private func pooledOutput() throws(LLMGenError) -> EmbeddingOutput {
        guard let embedding = pooled.mean(normalize: normalize) else {
            throw LLMGenError(
                code: .failed,
                message:
                    "the hidden states of the prompt's \(ticket.prompt.count) tokens have a value that is no finite"
                    + " number; check the model's weights, or load them with compute-dtype float32")
        }
        return EmbeddingOutput(
            embedding: embedding,
            usage: Usage(promptTokens: ticket.prompt.count, cachedTokens: 0, completionTokens: 0))
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
