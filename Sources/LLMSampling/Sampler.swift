/// A token chosen from a row of logits.
public struct SampledToken: Sendable, Hashable {
    /// The token.
    public let id: TokenID
    /// Log probabilities, if the request asks for them.
    public let logprobs: TokenLogprobs?
}

/// Chooses one token from one row of logits by the rows of ``SamplingStep/order``.
///
/// It holds scratch space only: the same arguments give the same token whatever it was used for before. Once that space
/// has grown to the vocabulary it allocates nothing, save where logprobs are asked for. One sampler belongs to one thread.
public struct Sampler: Sendable {
    private var candidates = Candidates()

    /// A sampler without scratch space yet.
    public init() {}

    /// Chooses the next token of a sequence.
    ///
    /// The draw depends on (seed, `sample`, `counts.outputLength`) alone, so a token computed again after a preemption
    /// is the same token.
    ///
    /// - Parameters:
    ///   - logits: the model's row, [vocabulary]. NaN counts as -infinity; +infinity wins.
    ///   - parameters: what the request runs with.
    ///   - counts: the sequence so far.
    ///   - sample: which of the request's sequences this is.
    /// - Throws: ``SamplingError`` with ``SamplingError/Code/noCandidates`` where no token has a logit above -infinity,
    ///   in the row itself or once the masks are on it.
    public mutating func next(
        _ logits: Span<Float>, _ parameters: ResolvedSampling, _ counts: TokenCounts, sample: Int = 0
    ) throws(SamplingError) -> SampledToken {
        let context = SamplingContext(parameters: parameters, counts: counts)
        candidates.load(logits)
        var raw: RawLogprobs?
        if let topCount = parameters.logprobs {
            _ = try highest(in: logits.count)
            raw = RawLogprobs(&candidates, topCount: topCount)
        }

        for step in SamplingStep.order where step.stage == .logits && step.isActive(context) {
            step.apply(&candidates, context)
        }
        var id = try highest(in: logits.count)
        if !parameters.isGreedy {
            for step in SamplingStep.order where step.stage == .candidates && step.isActive(context) {
                step.apply(&candidates, context)
            }
            id = candidates.draw(
                Philox.uniform(seed: parameters.seed, sample: sample, output: counts.outputLength, draw: 0))
        }
        return SampledToken(
            id: id,
            logprobs: raw.map { raw in
                let logit = logits[Int(id)].isNaN ? -Float.infinity : logits[Int(id)]
                return TokenLogprobs(
                    chosen: TokenLogprob(tokenID: id, logprob: raw.logprob(ofLogit: logit)), top: raw.top)
            })
    }

    private mutating func highest(in vocabularySize: Int) throws(SamplingError) -> TokenID {
        if let id = candidates.findHighest() { return id }
        throw SamplingError(
            .noCandidates, field: "logits",
            problem: "none of \(vocabularySize) values is a number above -infinity",
            remedy: "check the model's weights, and min_tokens and stop_token_ids if they mask every token left")
    }
}
