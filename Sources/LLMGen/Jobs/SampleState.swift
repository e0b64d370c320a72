import LLMSampling
import LLMScheduling
import LLMTokenizer

/// One sample of a live request, on the engine's thread: its tokens and its text so far.
struct SampleState {
    let index: Int
    let sampling: ResolvedSampling
    /// The tokens, and what else sampling needs of the sequence.
    private(set) var history: SequenceHistory
    /// Why it is to end with its last token, where a stop string or a repetition says so.
    private(set) var stopReason: FinishReason?
    private(set) var finishReason: FinishReason?
    private(set) var firstToken: ContinuousClock.Instant?
    private(set) var lastToken: ContinuousClock.Instant?
    private(set) var preemptions = 0
    private var decoder: StreamDecoder?
    private var matcher: StopMatcher
    private var detector: RepetitionDetector?
    private var logprobs: [TokenLogprobs] = []
    private var text = ""
    private var pending = ""  // text that has not gone out yet

    /// Sample `index` of a request with this prompt and sampling.
    init(_ index: Int, prompt: [TokenID], _ sampling: ResolvedSampling, tokenizer: (any Tokenizer)?) {
        self.index = index
        self.sampling = sampling.ofSample(index)
        history = SequenceHistory(prompt: prompt, self.sampling)
        decoder = tokenizer.map {
            StreamDecoder(
                tokenizer: $0, prompt: prompt, skipSpecialTokens: sampling.skipSpecialTokens,
                spacesBetweenSpecialTokens: sampling.spacesBetweenSpecialTokens)
        }
        matcher = StopMatcher(sampling.stop, includesStop: sampling.includeStopStrInOutput)
        detector = sampling.repetitionDetection.map { RepetitionDetector($0) }
    }

    /// Takes a new token; returns the nanoseconds since the one before. `piece` has its text, or `end` where the sample
    /// ends with it.
    mutating func append(_ token: SampledToken, at now: ContinuousClock.Instant) -> Int64? {
        let gap = lastToken.map { (now - $0).nanoseconds }
        firstToken = firstToken ?? now
        lastToken = now
        history.append(token)
        if let entry = token.logprobs { logprobs.append(entry) }
        if detector?.append(token.id) == true, history.output.count >= sampling.minTokens { stopReason = .repetition }
        // The text of a stop token is not part of the output unless asked for.
        guard sampling.includeStopStrInOutput || !sampling.endTokenIDs.contains(token.id), var decoder else {
            return gap
        }
        let new = decoder.append(token.id)
        self.decoder = decoder
        let matched = matcher.append(new, mayStop: history.output.count >= sampling.minTokens)
        pending += matched.text
        if matched.stopIndex != nil { stopReason = .stop }
        return gap
    }

    /// The last token's piece.
    mutating func piece(at now: ContinuousClock.Instant) -> OutputPiece {
        OutputPiece(
            index: index, text: takePending(), tokenID: history.output.last, logprobs: logprobs.last, instant: now,
            finishReason: nil, output: nil)
    }

    /// Ends the sample; its last piece is ``lastPiece(withToken:at:_:)``.
    mutating func finish(_ reason: FinishReason, preemptions: Int) {
        if var decoder { pending += matcher.append(decoder.finish()).text + matcher.finish() }
        finishReason = stopReason ?? reason
        self.preemptions = preemptions
    }

    /// The piece that ends the sample, with what its token and its end settle of the text.
    mutating func lastPiece(
        withToken: Bool, at now: ContinuousClock.Instant, _ output: (SampleState) -> RequestOutput?
    ) -> OutputPiece {
        let text = takePending()
        return OutputPiece(
            index: index, text: text, tokenID: withToken ? history.output.last : nil,
            logprobs: withToken ? logprobs.last : nil, instant: now, finishReason: finishReason, output: output(self))
    }

    /// What came of it.
    var output: SampleOutput {
        SampleOutput(
            index: index, tokenIDs: history.output, text: text, logprobs: sampling.logprobs == nil ? nil : logprobs,
            finishReason: finishReason ?? .error, seed: sampling.seed)
    }

    private mutating func takePending() -> String {
        defer { pending = "" }
        text += pending
        return pending
    }
}

extension Duration {
    /// The duration in whole nanoseconds; `Int64.max` for one beyond that.
    var nanoseconds: Int64 {
        let (seconds, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowToo) = seconds.addingReportingOverflow(components.attoseconds / 1_000_000_000)
        return overflow || overflowToo ? (components.seconds < 0 ? .min : .max) : sum
    }
}
