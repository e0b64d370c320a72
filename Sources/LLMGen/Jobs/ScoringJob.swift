import LLMSampling
import LLMScheduling

extension Engine {
    /// How probable each token of a prompt is after those before it; nothing is generated.
    ///
    /// The prompt is scheduled like a request that generates, and may have all of ``maxModelLength`` tokens, 2 at least:
    /// the first has nothing before it. The prefix cache is not read.
    ///
    /// - Parameter options: logits processors and an output format have nothing to do.
    /// - Throws: ``LLMGenError``: a prompt that is too short, too long or not in the vocabulary, a full queue, a timeout,
    ///   an abort, logits that are no numbers; or `CancellationError` where the task is cancelled.
    public func score(_ prompt: Prompt, _ options: RequestOptions = RequestOptions()) async throws -> ScoringOutput {
        try model.check(.generate)
        let tokens = try tokens(of: prompt)
        guard tokens.count >= 2 else {
            throw LLMGenError(
                code: .invalidInput,
                message: "the prompt has \(tokens.count) tokens; give at least 2, as the first has no log probability")
        }
        guard tokens.count <= maxModelLength else {
            throw LLMGenError(
                code: .invalidInput,
                message: "the prompt has \(tokens.count) tokens, and max-model-len is \(maxModelLength); shorten the"
                    + " prompt or raise max-model-len")
        }
        return try await Engine.reply(of: submit([.success(ScoringRequest(tokens: tokens, options: options))])[0])
    }
}

/// What came of scoring a prompt.
public struct ScoringOutput: Sendable, Hashable {
    /// The natural logarithm of each token's probability after those before it, from the prompt's second token on.
    public let logprobs: [Double]
    /// Tokens counted; nothing of a scoring is cached or generated.
    public let usage: Usage
}

/// A prompt to score.
struct ScoringRequest: JobRequest {
    typealias Reply = ScoringOutput

    let tokens: [TokenID]
    let options: RequestOptions

    /// The last token is not computed: the row before it has all there is to know of it, and yields it.
    var sequence: SequenceRequest {
        SequenceRequest(
            id: .unassigned, prompt: tokens.dropLast(), maxTokens: 1, readsPrefixCache: false, needsPromptLogits: true)
    }

    func job(_ ticket: JobTicket, _ model: LanguageModel, _ sink: JobSink<ScoringOutput>) -> any EngineJob {
        ScoringJob(ticket, tokens, sink)
    }
}

/// A live scoring.
struct ScoringJob: EngineJob {
    var ticket: JobTicket
    private let tokens: [TokenID]
    private let sink: JobSink<ScoringOutput>
    private var logprobs: [Double] = []
    private var finishReason: FinishReason?

    init(_ ticket: JobTicket, _ tokens: [TokenID], _ sink: JobSink<ScoringOutput>) {
        self.ticket = ticket
        self.tokens = tokens
        self.sink = sink
    }

    var sequences: [SequenceID] { [ticket.id] }
    var isFinished: Bool { finishReason != nil }
    private var isComplete: Bool { logprobs.count == tokens.count - 1 }

    func task(_ sequence: ScheduledSequence) -> RowsTask {
        RowsTask(known: Array(tokens[sequence.positions.lowerBound + 1..<sequence.positions.upperBound + 1]))
    }

    mutating func accept(_ outcomes: [RowsOutcome], _ ids: SequenceIDs) -> JobDecision {
        for outcome in outcomes {
            for (position, entry) in zip(outcome.positions, outcome.logprobs) where logprobs.count == position {
                // Once only, if the prompt is computed again.
                logprobs.append(entry.chosen.logprob)
            }
        }
        guard isComplete, let last = tokens.last else { return JobDecision() }
        return JobDecision(tokens: [ticket.id: [SampledToken(id: last)]])
    }

    mutating func end(_ sequence: FinishedSequence, at now: ContinuousClock.Instant) -> [EndedSample] {
        // That the scheduler's one token is there is no length that cut the scoring short.
        finishReason = isComplete ? .stop : sequence.reason
        return [EndedSample(index: 0, reason: finishReason ?? sequence.reason)]
    }

    func measures(at now: ContinuousClock.Instant) -> JobMeasures {
        JobMeasures(
            reason: finishReason ?? .error, prefillSeconds: isComplete ? ticket.secondsSinceFirstStep(at: now) : nil,
            countsPrompt: isComplete)
    }

    func finish() {
        guard isComplete else { return fail(LLMGenError(unfinished: "scoring", ticket, finishReason)) }
        sink.yield(
            ScoringOutput(
                logprobs: logprobs, usage: Usage(promptTokens: tokens.count, cachedTokens: 0, completionTokens: 0)))
        sink.finish()
    }

    func fail(_ error: LLMGenError) { sink.finish(throwing: error) }
}
