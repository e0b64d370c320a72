import LLMSampling
import LLMScheduling
import LLMTokenizer

extension Engine {
    /// Searches for the continuations that are most probable as a whole; the beams share the blocks of what they have in
    /// common. Cancelling the task ends the search.
    ///
    /// - Throws: ``LLMGenError``, as the streams of ``generate(_:_:_:)-(Prompt,_,_)`` do, or `CancellationError`.
    public func beamSearch(
        _ prompt: Prompt, _ parameters: BeamSearchParameters, _ options: RequestOptions = RequestOptions()
    ) async throws -> BeamSearchOutput {
        try model.check(.generate)
        try options.refuseOutputFormat(by: "a beam search")
        let request = BeamSearchRequest(
            prompt: try tokens(of: prompt), parameters: parameters, eosTokens: model.eosTokens, options: options)
        return try await Engine.reply(of: submit([.success(request)])[0])
    }
}

/// A beam search that an engine is asked for.
struct BeamSearchRequest: JobRequest {
    typealias Reply = BeamSearchOutput

    let prompt: [TokenID]
    let parameters: BeamSearchParameters
    let eosTokens: [TokenID]
    let options: RequestOptions

    var sequence: SequenceRequest {
        SequenceRequest(
            id: .unassigned, prompt: prompt, maxTokens: parameters.maxTokens, width: parameters.beamWidth,
            runsTogether: parameters.beamWidth > 1)
    }

    func job(_ ticket: JobTicket, _ model: LanguageModel, _ sink: JobSink<BeamSearchOutput>) -> any EngineJob {
        BeamSearchJob(ticket, self, tokenizer: model.tokenizer, sink)
    }
}

/// A live beam search.
struct BeamSearchJob: EngineJob {
    var ticket: JobTicket
    private(set) var sequences: [SequenceID]
    private var search: BeamSearch
    private var finishReason: FinishReason?
    private let tokenizer: (any Tokenizer)?
    private let sink: JobSink<BeamSearchOutput>

    init(
        _ ticket: JobTicket, _ request: BeamSearchRequest, tokenizer: (any Tokenizer)?,
        _ sink: JobSink<BeamSearchOutput>
    ) {
        self.ticket = ticket
        sequences = [ticket.id]
        search = BeamSearch(request.parameters, sequence: ticket.id, eosTokens: request.eosTokens)
        self.tokenizer = tokenizer
        self.sink = sink
    }

    var isFinished: Bool { finishReason != nil }

    func task(_ sequence: ScheduledSequence) -> RowsTask { RowsTask(next: .mostProbable(search.candidateCount)) }

    /// Beams go on together: where one has no candidates in this step, the others wait for it.
    mutating func accept(_ outcomes: [RowsOutcome], _ ids: SequenceIDs) -> JobDecision {
        var candidates: [SequenceID: [TokenLogprob]] = [:]
        for outcome in outcomes { candidates[outcome.sequence] = outcome.mostProbable }
        guard search.beams.allSatisfy({ candidates[$0.sequence] != nil }) else { return JobDecision() }
        let step = search.advance(candidates) { ids.next() }
        guard !search.beams.isEmpty else { return JobDecision(ending: .stop) }
        sequences = search.beams.map(\.sequence)
        var tokens = step.tokens.mapValues { [SampledToken(id: $0)] }
        for branch in step.branches.values.joined() { tokens[branch.id] = [SampledToken(id: branch.token)] }
        return JobDecision(tokens: tokens, branches: step.branches, dropped: step.dropped)
    }

    /// The search ends with the first of its sequences: all beams are of one length.
    mutating func end(_ sequence: FinishedSequence, at now: ContinuousClock.Instant) -> [EndedSample] {
        finishReason = sequence.reason
        return [EndedSample(index: 0, reason: sequence.reason)]
    }

    func measures(at now: ContinuousClock.Instant) -> JobMeasures {
        JobMeasures(reason: finishReason ?? .error, generationTokens: search.beams.first?.tokens.count ?? 0)
    }

    func finish() {
        let beams = search.outcomes(finishReason ?? .error).map(output)
        sink.yield(
            BeamSearchOutput(
                promptTokenIDs: ticket.prompt, beams: beams,
                usage: Usage(
                    promptTokens: ticket.prompt.count, cachedTokens: ticket.cachedTokens,
                    completionTokens: beams.reduce(0) { $0 + $1.tokenIDs.count })))
        sink.finish()
    }

    func fail(_ error: LLMGenError) { sink.finish(throwing: error) }

    private func output(_ outcome: BeamSearch.Outcome) -> BeamOutput {
        var text = ""
        if let tokenizer {
            var decoder = StreamDecoder(tokenizer: tokenizer, prompt: ticket.prompt)
            let tokens = outcome.reason == .stop ? outcome.tokens.dropLast() : outcome.tokens[...]
            text = decoder.append(contentsOf: tokens) + decoder.finish()
        }
        return BeamOutput(
            tokenIDs: outcome.tokens, text: text, cumulativeLogprob: outcome.logprob, score: outcome.score,
            finishReason: outcome.reason)
    }
}
