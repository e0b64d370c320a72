import LLMSampling
import LLMScheduling
import LLMTokenizer

/// A live request on the engine's thread: its samples, and where their pieces go.
struct RequestState {
    let request: EngineRequest
    private(set) var samples: [SampleState]
    private(set) var firstStep: ContinuousClock.Instant?
    private(set) var cachedTokens = 0
    private var promptLogprobs: [TokenLogprobs?] = [nil]

    init(_ request: EngineRequest, tokenizer: (any Tokenizer)?) {
        self.request = request
        samples = (0..<request.sampling.n).map {
            SampleState($0, prompt: request.prompt, request.sampling, tokenizer: tokenizer)
        }
    }

    /// The sequence of sample `index`; the first is the one that computes the prompt.
    func sequence(of index: Int) -> SequenceID { SequenceID(request.id.value + UInt64(index)) }

    /// Whether every sample has ended.
    var isFinished: Bool { samples.allSatisfy { $0.finishReason != nil } }

    /// The sequences of the samples that have not ended.
    var liveSequences: [SequenceID] {
        samples.filter { $0.finishReason == nil }.map { sequence(of: $0.index) }
    }

    /// A sequence of the request begins to run.
    mutating func started(_ sequence: StartedSequence, at now: ContinuousClock.Instant) {
        if firstStep == nil { cachedTokens = min(sequence.cachedTokens, request.prompt.count) }
        firstStep = firstStep ?? now
    }

    /// Takes what the row of prompt position `position` says of the token after it; once only, if the prompt is computed
    /// again.
    mutating func appendPromptLogprobs(_ logprobs: TokenLogprobs, after position: Int) {
        if promptLogprobs.count == position + 1 { promptLogprobs.append(logprobs) }
    }

    /// Takes a sample's new token; returns the nanoseconds since its last one.
    mutating func append(_ token: SampledToken, to index: Int, at now: ContinuousClock.Instant) -> Int64? {
        samples[index].append(token, at: now)
    }

    /// Sends the piece of a sample's last token on its way.
    mutating func flush(_ index: Int, at now: ContinuousClock.Instant) {
        request.sink.yield(samples[index].piece(at: now))
    }

    /// Ends a sample, and the request with its last one: the last piece has the rest of the text, and then the whole
    /// output.
    mutating func finish(
        _ index: Int, _ reason: FinishReason, withToken: Bool, preemptions: Int, at now: ContinuousClock.Instant
    ) {
        samples[index].finish(reason, preemptions: preemptions)
        let isLast = isFinished
        let request = self
        let piece = samples[index].lastPiece(withToken: withToken, at: now) { sample in
            guard isLast else { return nil }
            var whole = request
            whole.samples[index] = sample
            return whole.output(at: now)
        }
        self.request.sink.yield(piece)
        if isLast { self.request.sink.finish() }
    }

    /// Ends the request with an error of its own.
    func fail(_ error: LLMGenError) { request.sink.finish(throwing: error) }

    private func output(at now: ContinuousClock.Instant) -> RequestOutput {
        RequestOutput(
            promptTokenIDs: request.prompt,
            promptLogprobs: request.sampling.promptLogprobs == nil ? nil : promptLogprobs,
            outputs: samples.map(\.output),
            usage: Usage(
                promptTokens: request.prompt.count, cachedTokens: cachedTokens,
                completionTokens: samples.reduce(0) { $0 + $1.history.output.count }),
            timings: timings(at: now))
    }

    /// The times of a request that ends now.
    func timings(at now: ContinuousClock.Instant) -> Timings {
        let first = samples.compactMap(\.firstToken).min()
        let last = samples.compactMap(\.lastToken).max()
        return Timings(
            queueSeconds: ((firstStep ?? now) - request.arrival).seconds,
            ttftSeconds: ((first ?? now) - request.arrival).seconds,
            prefillSeconds: ((first ?? now) - (firstStep ?? now)).seconds,
            decodeSeconds: ((last ?? now) - (first ?? now)).seconds, totalSeconds: (now - request.arrival).seconds,
            preemptions: samples.reduce(0) { $0 + $1.preemptions })
    }
}

/// Where a request's pieces go.
typealias PieceSink = AsyncThrowingStream<OutputPiece, any Error>.Continuation

/// A request on its way to the engine's thread.
struct EngineRequest: Sendable {
    /// The sequence of its first sample; the others have the numbers after it.
    let id: SequenceID
    let prompt: [TokenID]
    let sampling: ResolvedSampling
    let options: RequestOptions
    let sink: PieceSink
    let arrival: ContinuousClock.Instant
}

extension SequenceRequest {
    /// What is asked of the scheduler; times count from `start`, the engine's.
    init(_ request: EngineRequest, since start: ContinuousClock.Instant) {
        let sampling = request.sampling
        let deadline = request.options.timeout.map { (request.arrival - start + $0).nanoseconds }
        self.init(
            id: request.id, prompt: request.prompt, maxTokens: sampling.maxTokens, minTokens: sampling.minTokens,
            stopTokens: sampling.endTokenIDs, priority: request.options.priority, deadline: deadline,
            width: sampling.n, cacheSalt: request.options.cacheSalt,
            readsPrefixCache: sampling.promptLogprobs == nil, needsPromptLogits: sampling.promptLogprobs != nil)
    }
}
