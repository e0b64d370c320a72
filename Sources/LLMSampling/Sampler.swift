/// A token chosen from a row of logits.
public struct SampledToken: Sendable, Hashable {
    /// The token.
    public let id: TokenID
    /// Log probabilities, if the request asks for them.
    public let logprobs: TokenLogprobs?
    /// The sequence's mu once it has this token, under mirostat.
    let mirostatMu: Double?

    init(id: TokenID, logprobs: TokenLogprobs?, mirostatMu: Double?) {
        self.id = id
        self.logprobs = logprobs
        self.mirostatMu = mirostatMu
    }

    /// A token chosen otherwise than by a ``Sampler``, as in beam search; mirostat learns nothing from it.
    public init(id: TokenID, logprobs: TokenLogprobs? = nil) {
        self.init(id: id, logprobs: logprobs, mirostatMu: nil)
    }
}

/// Chooses one token from one row of logits by the rows of ``SamplingStep/order``.
///
/// It holds scratch space only: the same arguments give the same token whatever it was used for before. Once that space
/// has grown to the vocabulary, a request without logprobs, DRY, typical-p and processors allocates nothing. One sampler
/// belongs to one thread.
public struct Sampler: Sendable {
    var candidates = Candidates()

    /// A sampler without scratch space yet.
    public init() {}

    /// Chooses the next token of a sequence.
    ///
    /// Randomness depends on the seed of `parameters` and the number of output tokens alone, so a token computed again
    /// after a preemption is the same token. One of a request's several samples has its own seed
    /// (``ResolvedSampling/ofSample(_:)``).
    ///
    /// - Parameters:
    ///   - logits: the model's row, [vocabulary]. NaN counts as -infinity; +infinity wins.
    ///   - parameters: what the sequence runs with.
    ///   - history: the sequence so far.
    ///   - processors: the request's own steps.
    /// - Throws: ``SamplingError`` with ``SamplingError/Code/noCandidates`` where no token has a logit above -infinity,
    ///   in the row itself or once the masks are on it; with ``SamplingError/Code/processorFailed`` where a processor
    ///   throws.
    public mutating func next(
        _ logits: Span<Float>, _ parameters: ResolvedSampling, _ history: SequenceHistory,
        processors: [any LogitsProcessor] = []
    ) throws(SamplingError) -> SampledToken {
        let context = SamplingContext(parameters, history, processors)
        candidates.load(logits)
        let raw = try parameters.logprobs.map { topCount throws(SamplingError) in
            _ = try highest()
            return RawLogprobs(&candidates, topCount: topCount)
        }
        for step in SamplingStep.order where step.stage == .logits && step.isActive(context) {
            try step.apply(&candidates, context)
        }
        var id = try highest()
        var mirostatMu: Double?
        if !parameters.isGreedy {
            for step in SamplingStep.order where step.stage == .candidates && step.isActive(context) {
                try step.apply(&candidates, context)
            }
            let drawn = candidates.draw(context.uniform(.token))
            id = drawn.id
            if parameters.usesMirostat {
                mirostatMu = Mirostat.mu(after: history.mirostatMu, probability: drawn.share, parameters)
            }
        }
        return SampledToken(id: id, logprobs: raw?.logprobs(of: id, in: logits), mirostatMu: mirostatMu)
    }

    mutating func highest() throws(SamplingError) -> TokenID {
        guard let id = candidates.findHighest() else { throw .noCandidates }
        return id
    }
}
