import LLMSampling
import LLMScheduling
import LLMTokenizer

/// One sample of a live request, on the engine's thread: its tokens and its text so far.
struct SampleState {
    let index: Int
    /// Its sequence; nil until it branches off the one that computes the prompt.
    var sequence: SequenceID?
    let sampling: ResolvedSampling
    /// How far its output has followed the format asked for; nil for free text.
    let constraint: OutputConstraint?
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
    private var hasPendingToken = false  // whether the last token has not gone out yet

    /// Sample `index` of a request with this prompt, sampling and format.
    init(
        _ index: Int, prompt: [TokenID], _ sampling: ResolvedSampling, _ format: GrammarCache.Entry?,
        keeping keptTokens: Set<TokenID>, tokenizer: (any Tokenizer)?
    ) {
        self.index = index
        self.sampling = sampling.ofSample(index)
        constraint = format.map { OutputConstraint($0.matcher, endTokens: sampling.endTokenIDs) }
        history = SequenceHistory(prompt: prompt, self.sampling)
        decoder = tokenizer.map {
            StreamDecoder(
                tokenizer: $0, prompt: prompt, skipSpecialTokens: sampling.skipSpecialTokens,
                keeping: keptTokens, spacesBetweenSpecialTokens: sampling.spacesBetweenSpecialTokens)
        }
        matcher = StopMatcher(sampling.stop, includesStop: sampling.includeStopStrInOutput)
        detector = sampling.repetitionDetection.map { RepetitionDetector($0) }
    }

    /// Takes a new token; returns the nanoseconds since the one before. ``piece(at:)`` has its text.
    mutating func append(_ token: SampledToken, at now: ContinuousClock.Instant) -> Int64? {
        let gap = lastToken.map { (now - $0).nanoseconds }
        firstToken = firstToken ?? now
        lastToken = now
        history.append(token)
        hasPendingToken = true
        if let entry = token.logprobs { logprobs.append(entry) }
        // Its end stands whatever holds back end tokens.
        if constraint?.isFinished == true { stopReason = .stop }
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
        defer { hasPendingToken = false }
        return OutputPiece(
            index: index, text: takePending(), tokenID: hasPendingToken ? history.output.last : nil,
            logprobs: hasPendingToken ? logprobs.last : nil, instant: now, finishReason: finishReason, output: nil)
    }

    /// Ends the sample; its last ``piece(at:)`` has what its last token, if that has not gone out, and its end settle of
    /// the text.
    mutating func finish(_ reason: FinishReason, preemptions: Int) {
        if var decoder { pending += matcher.append(decoder.finish()).text + matcher.finish() }
        finishReason = stopReason ?? reason
        self.preemptions = preemptions
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
