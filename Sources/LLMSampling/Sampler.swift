/// A token chosen from a row of logits.
public struct SampledToken: Sendable, Hashable {
    /// The token.
    public let id: TokenID
    /// Log probabilities, if the request asks for them.
    public let logprobs: TokenLogprobs?
    /// The share it had of the candidates that it was drawn from; nil where it was not drawn.
    let share: Double?

    init(id: TokenID, logprobs: TokenLogprobs?, share: Double?) {
        self.id = id
        self.logprobs = logprobs
        self.share = share
    }

    /// A token chosen otherwise than by a ``Sampler``, as in beam search.
    public init(id: TokenID, logprobs: TokenLogprobs? = nil) {
        self.init(id: id, logprobs: logprobs, share: nil)
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
    ///   - mask: the tokens that the format of the output allows next; nil for all.
    /// - Throws: ``SamplingError`` with ``SamplingError/Code/noCandidates`` where no token has a logit above -infinity,
    ///   in the row itself or once the masks are on it; with ``SamplingError/Code/processorFailed`` where a processor
    ///   throws.
    public mutating func next(
        _ logits: Span<Float>, _ parameters: ResolvedSampling, _ history: SequenceHistory,
        processors: [any LogitsProcessor] = [], mask: TokenMask? = nil
    ) throws(SamplingError) -> SampledToken {
        let context = SamplingContext(parameters, history, processors, mask: mask)
        candidates.load(logits)
        let raw = try parameters.logprobs.map { topCount throws(SamplingError) in
            _ = try highest()
            return RawLogprobs(&candidates, topCount: topCount)
        }
        for index in parameters.logitSteps { try SamplingStep.order[index].apply(&candidates, context) }
        guard var id = candidates.findHighest() else { throw noCandidates(in: logits, parameters, mask) }
        var share: Double?
        if !parameters.isGreedy {
            for index in parameters.candidateSteps { try SamplingStep.order[index].apply(&candidates, context) }
            let drawn = candidates.draw(context.uniform(.token))
            (id, share) = (drawn.id, drawn.share)
        }
        return SampledToken(id: id, logprobs: raw?.logprobs(of: id, in: logits), share: share)
    }

    /// The error of a row that has no candidate: the request's own where its masks leave none.
    private func noCandidates(
        in logits: Span<Float>, _ parameters: ResolvedSampling, _ mask: TokenMask?
    ) -> SamplingError {
        let names = parameters.logitSteps.map { SamplingStep.order[$0].name }
        var masks = ["allowed_token_ids", "bad_words", "min_tokens"].filter(names.contains)
        func allows(_ id: Int) -> Bool { mask?.contains(TokenID(id)) ?? true }
        guard !masks.isEmpty, logits.indices.contains(where: { logits[$0] > -.infinity && allows($0) }) else {
            return .noCandidates
        }
        if mask != nil { masks.append(SamplingStep.outputFormat.name) }
        return SamplingError(
            .conflict, field: masks[0],
            problem:
                "together with the request's other masks (\(masks.joined(separator: ", "))) it rules out every token",
            remedy: "leave one of them out")
    }

    mutating func highest() throws(SamplingError) -> TokenID {
        guard let id = candidates.findHighest() else { throw .noCandidates }
        return id
    }
}
