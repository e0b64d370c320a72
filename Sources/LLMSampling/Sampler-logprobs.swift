extension Sampler {
    /// The most tokens that ``mostProbable(_:count:)`` gives: a beam of width w needs 2w, as in vLLM, where w of them
    /// may be end-of-sequence tokens.
    public static let mostProbableLimit = 256

    /// The log probabilities of a token that is known already, as a prompt's next token is, and of the `topCount` most
    /// probable ones: the log-softmax of the raw row.
    ///
    /// - Parameters:
    ///   - logits: the model's row at the position before the token, [vocabulary].
    ///   - token: an id of the vocabulary.
    ///   - topCount: 0 to ``SamplingParameters/maxLogprobs``.
    /// - Throws: ``SamplingError`` with ``SamplingError/Code/noCandidates`` where no logit is above -infinity.
    public mutating func logprobs(
        _ logits: Span<Float>, of token: TokenID, topCount: Int
    ) throws(SamplingError) -> TokenLogprobs {
        candidates.load(logits)
        _ = try highest()
        return RawLogprobs(&candidates, topCount: topCount).logprobs(of: token, in: logits)
    }

    /// The most probable tokens of a raw row with their log probabilities, the most probable first, equal ones by
    /// ascending id; fewer than `count` where the vocabulary has fewer.
    ///
    /// - Parameters:
    ///   - logits: the model's row, [vocabulary].
    ///   - count: at most ``mostProbableLimit``.
    /// - Throws: ``SamplingError`` with ``SamplingError/Code/noCandidates`` where no logit is above -infinity.
    public mutating func mostProbable(_ logits: Span<Float>, count: Int) throws(SamplingError) -> [TokenLogprob] {
        precondition(count <= Self.mostProbableLimit, "at most \(Self.mostProbableLimit) tokens, not \(count)")
        candidates.load(logits)
        _ = try highest()
        return RawLogprobs(&candidates, topCount: count).top
    }
}
