import LLMSampling
import LLMScheduling
import LLMTokenizer

/// A live request on the engine's thread: its text so far, and where its pieces go.
struct RequestState {
    let sampling: ResolvedSampling
    /// The tokens, and what else sampling needs of the sequence.
    private(set) var history: SequenceHistory
    private var decoder: StreamDecoder?
    private var matcher: StopMatcher
    private let sink: PieceSink
    private let arrival: ContinuousClock.Instant
    private var firstStep: ContinuousClock.Instant?
    private var firstToken: ContinuousClock.Instant?
    private var logprobs: [TokenLogprobs] = []
    private var text = ""
    /// Text that has not gone out yet.
    private var pending = ""
    /// Whether a stop string is complete.
    private(set) var isStopped = false

    init(_ request: EngineRequest, tokenizer: (any Tokenizer)?) {
        sampling = request.sampling
        history = SequenceHistory(prompt: request.prompt, request.sampling)
        decoder = tokenizer.map {
            StreamDecoder(
                tokenizer: $0, prompt: request.prompt, skipSpecialTokens: request.sampling.skipSpecialTokens)
        }
        matcher = StopMatcher(request.sampling.stop, includesStop: request.sampling.includeStopStrInOutput)
        sink = request.sink
        arrival = request.arrival
    }

    mutating func scheduled(at now: ContinuousClock.Instant) {
        firstStep = firstStep ?? now
    }

    /// Takes a new token. `flush` sends its piece, or `finish` where the request ends with it.
    mutating func append(_ token: SampledToken, at now: ContinuousClock.Instant) {
        firstToken = firstToken ?? now
        history.append(token)
        if let entry = token.logprobs { logprobs.append(entry) }
        // The text of a stop token is not part of the output unless asked for.
        guard sampling.includeStopStrInOutput || !sampling.endTokenIDs.contains(token.id), var decoder else { return }
        let new = decoder.append(token.id)
        self.decoder = decoder
        let matched = matcher.append(new, mayStop: history.output.count >= sampling.minTokens)
        pending += matched.text
        isStopped = matched.stopIndex != nil
    }

    /// Sends the last token's piece on its way.
    mutating func flush(at now: ContinuousClock.Instant) {
        sink.yield(
            OutputPiece(
                text: takePending(), tokenID: history.output.last, logprobs: logprobs.last, instant: now, output: nil))
    }

    /// Ends the request: the last piece has the rest of the text and the whole output.
    mutating func finish(
        _ reason: FinishReason, withToken: Bool, preemptions: Int, at now: ContinuousClock.Instant
    ) {
        if var decoder { pending += matcher.append(decoder.finish()).text + matcher.finish() }
        let piece = takePending()
        let first = firstToken ?? now
        let output = RequestOutput(
            promptTokenIDs: history.prompt, tokenIDs: history.output, text: text,
            logprobs: sampling.logprobs == nil ? nil : logprobs, finishReason: isStopped ? .stop : reason,
            seed: sampling.seed,
            usage: Usage(promptTokens: history.prompt.count, cachedTokens: 0, completionTokens: history.output.count),
            timings: Timings(
                queueSeconds: ((firstStep ?? now) - arrival).seconds, ttftSeconds: (first - arrival).seconds,
                prefillSeconds: (first - (firstStep ?? now)).seconds, decodeSeconds: (now - first).seconds,
                totalSeconds: (now - arrival).seconds, preemptions: preemptions))
        sink.yield(
            OutputPiece(
                text: piece, tokenID: withToken ? history.output.last : nil, logprobs: withToken ? logprobs.last : nil,
                instant: now,
                output: output))
        sink.finish()
    }

    /// Ends the request with an error of its own.
    func fail(_ error: LLMGenError) { sink.finish(throwing: error) }

    private mutating func takePending() -> String {
        defer { pending = "" }
        text += pending
        return pending
    }
}

/// Where a request's pieces go.
typealias PieceSink = AsyncThrowingStream<OutputPiece, any Error>.Continuation

/// A request on its way to the engine's thread.
struct EngineRequest: Sendable {
    let id: SequenceID
    let prompt: [TokenID]
    let sampling: ResolvedSampling
    let sink: PieceSink
    let arrival: ContinuousClock.Instant
}
