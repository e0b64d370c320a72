import LLMScheduling
import LLMTokenizer

/// A live beam search on the engine's thread.
struct BeamSearchState {
    let request: BeamSearchRequest
    var search: BeamSearch
    private(set) var cachedTokens: Int?
    private var firstStep: ContinuousClock.Instant?

    init(_ request: BeamSearchRequest, eosTokens: [TokenID]) {
        self.request = request
        search = BeamSearch(request.parameters, sequence: request.id, eosTokens: eosTokens)
    }

    /// A sequence of the search begins to run.
    mutating func started(_ sequence: StartedSequence, at now: ContinuousClock.Instant) {
        cachedTokens = cachedTokens ?? min(sequence.cachedTokens, request.prompt.count)
        firstStep = firstStep ?? now
    }

    /// Seconds from its arrival to its first step, or to `now` where there was none.
    func queueSeconds(at now: ContinuousClock.Instant) -> Double { ((firstStep ?? now) - request.arrival).seconds }

    /// Ends the search with what it has found.
    func finish(_ reason: FinishReason, tokenizer: (any Tokenizer)?, eosTokens: [TokenID]) {
        let beams = search.outcomes(reason).map { outcome in
            var text = ""
            if let tokenizer {
                var decoder = StreamDecoder(tokenizer: tokenizer, prompt: request.prompt)
                let tokens = outcome.reason == .stop ? outcome.tokens.dropLast() : outcome.tokens[...]
                text = decoder.append(contentsOf: tokens) + decoder.finish()
            }
            return BeamOutput(
                tokenIDs: outcome.tokens, text: text, cumulativeLogprob: outcome.logprob, score: outcome.score,
                finishReason: outcome.reason)
        }
        request.reply.resume(
            returning: BeamSearchOutput(
                promptTokenIDs: request.prompt, beams: beams,
                usage: Usage(
                    promptTokens: request.prompt.count, cachedTokens: cachedTokens ?? 0,
                    completionTokens: beams.reduce(0) { $0 + $1.tokenIDs.count })))
    }

    /// Ends the search with an error of its own.
    func fail(_ error: LLMGenError) { request.reply.resume(throwing: error) }
}

/// A beam search on its way to the engine's thread.
struct BeamSearchRequest: Sendable {
    let id: SequenceID
    let prompt: [TokenID]
    let parameters: BeamSearchParameters
    let options: RequestOptions
    let reply: CheckedContinuation<BeamSearchOutput, any Error>
    let arrival: ContinuousClock.Instant
}

extension SequenceRequest {
    /// What is asked of the scheduler; times count from `start`, the engine's.
    init(_ request: BeamSearchRequest, since start: ContinuousClock.Instant) {
        let deadline = request.options.timeout.map { (request.arrival - start + $0).nanoseconds }
        self.init(
            id: request.id, prompt: request.prompt, maxTokens: request.parameters.maxTokens,
            priority: request.options.priority, deadline: deadline, width: request.parameters.beamWidth,
            runsTogether: request.parameters.beamWidth > 1, cacheSalt: request.options.cacheSalt)
    }
}
