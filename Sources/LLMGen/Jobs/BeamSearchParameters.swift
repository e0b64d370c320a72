import LLMSampling

/// What a beam search looks for: the continuations that are most probable as a whole.
///
/// vLLM's `BeamSearchParams`: at every step each beam is continued with its most probable tokens, twice as many as there
/// are beams; those that end with an end-of-sequence token are set aside, and of the others the best go on. The search
/// ends after `maxTokens`, and the best of all are its outcome.
public struct BeamSearchParameters: Sendable, Hashable {
    /// Beams, and outcomes; 1 to 128.
    public let beamWidth: Int
    /// Tokens of an outcome at most.
    public let maxTokens: Int
    /// The power of an outcome's length that its log probability is divided by: above 0 favours long ones. The length is
    /// that of the generated tokens without an end-of-sequence token, as in Hugging Face's `generate`.
    public let lengthPenalty: Double
    /// Whether end-of-sequence tokens are tokens like others.
    public let ignoreEOS: Bool

    /// The most beams there may be.
    public static let maxBeamWidth = Sampler.mostProbableLimit / 2

    /// Parameters with vLLM's defaults. - Throws: ``LLMGenError`` `invalidArgument`, naming the field, its value and its
    /// range.
    public init(
        beamWidth: Int, maxTokens: Int, lengthPenalty: Double = 1, ignoreEOS: Bool = false
    ) throws(LLMGenError) {
        let widths = 1...Self.maxBeamWidth
        guard widths.contains(beamWidth) else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "beam_width is \(beamWidth); it must be from 1 to \(widths.upperBound)")
        }
        guard maxTokens >= 1 else {
            throw LLMGenError(code: .invalidArgument, message: "max_tokens is \(maxTokens); it must be at least 1")
        }
        guard (-10...10).contains(lengthPenalty) else {
            throw LLMGenError(
                code: .invalidArgument, message: "length_penalty is \(lengthPenalty); it must be from -10 to 10")
        }
        self.beamWidth = beamWidth
        self.maxTokens = maxTokens
        self.lengthPenalty = lengthPenalty
        self.ignoreEOS = ignoreEOS
    }
}

/// What a beam search has found.
public struct BeamSearchOutput: Sendable, Hashable {
    /// The prompt's tokens.
    public let promptTokenIDs: [TokenID]
    /// The outcomes, the best first.
    public let beams: [BeamOutput]
    /// Tokens counted; those of the outcomes as completion.
    public let usage: Usage
}

/// One outcome of a beam search.
public struct BeamOutput: Sendable, Hashable {
    /// The generated tokens, with the end-of-sequence token where one ended them.
    public let tokenIDs: [TokenID]
    /// The generated text; empty for a model without a tokenizer.
    public let text: String
    /// The sum of the tokens' log probabilities.
    public let cumulativeLogprob: Double
    /// What the outcomes are ordered by: that sum over the length to the power of the length penalty.
    public let score: Double
    /// `stop` after an end-of-sequence token, else `length`, or `abort` for a search that was ended early.
    public let finishReason: FinishReason
}
