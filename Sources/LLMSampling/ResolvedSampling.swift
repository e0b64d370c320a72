/// What a request runs with: every parameter decided, once, at admission.
///
/// A step that is off has the value that turns it off; so has a filter, or what else comes after the highest logit is
/// known, of a greedy request.
public struct ResolvedSampling: Sendable, Hashable {
    /// Sequences to generate; see ``ofSample(_:)``.
    public let n: Int
    /// Subtracted from the logit of every token in the output.
    public let presencePenalty: Double
    /// Subtracted from a token's logit for each time it is in the output.
    public let frequencyPenalty: Double
    /// Divides positive and multiplies negative logits of tokens in the prompt or the output.
    public let repetitionPenalty: Double
    /// 0 for greedy, else [0.01, 2].
    public let temperature: Double
    /// 1 for off.
    public let topP: Double
    /// 0 for off.
    public let topK: Int
    /// 0 for off.
    public let minP: Double
    /// 1 for off.
    public let typicalP: Double
    /// 0 for off.
    public let topNSigma: Double
    /// 0 for off.
    public let dynatempRange: Double
    /// The power of the entropy's share.
    public let dynatempExponent: Double
    /// 0 for off.
    public let xtcProbability: Double
    /// The least probability of tokens that XTC drops.
    public let xtcThreshold: Double
    /// Whether mirostat 2 chooses what to draw from.
    public let usesMirostat: Bool
    /// Bits of surprise that mirostat aims at.
    public let mirostatTau: Double
    /// How fast mirostat learns.
    public let mirostatEta: Double
    /// 0 for off.
    public let dryMultiplier: Double
    /// The factor of DRY for each token beyond the allowed length.
    public let dryBase: Double
    /// The shortest repetition that DRY penalizes.
    public let dryAllowedLength: Int
    /// Tokens that DRY looks at; -1 for all.
    public let dryPenaltyLastN: Int
    /// Token sequences over which DRY sees no repetition, none of them empty.
    public let drySequenceBreakers: [[TokenID]]
    /// The seed of all draws: the request's, or the random one taken in its place; of a sample, its own.
    public fileprivate(set) var seed: Int64
    /// Texts that end the output, in the request's order.
    public let stop: [String]
    /// Whether the text has what stopped it.
    public let includeStopStrInOutput: Bool
    /// Output tokens at most; `nil` for as many as there is room for.
    public let maxTokens: Int?
    /// Output tokens before which no token of ``maskedTokenIDs`` is chosen and nothing ends the output.
    public let minTokens: Int
    /// How many alternatives to report with each output token; `nil` for no logprobs.
    public let logprobs: Int?
    /// How many alternatives to report with each prompt token; `nil` for no logprobs.
    public let promptLogprobs: Int?
    /// Added to logits; each in [-100, 100].
    public let logitBias: [TokenID: Double]
    /// The only tokens that can be chosen, ascending; `nil` for all.
    public let allowedTokenIDs: [TokenID]?
    /// Token sequences that the output must not contain, none of them empty.
    public let badWords: [[TokenID]]
    /// Whether special tokens are left out of the text.
    public let skipSpecialTokens: Bool
    /// Whether special tokens in the text have spaces around them.
    public let spacesBetweenSpecialTokens: Bool
    /// Keeps so many of the prompt's last tokens, -1 for as many as fit; see ``truncated(_:maxModelLength:)``.
    public let truncatePromptTokens: Int?
    /// Ends an output that repeats itself.
    public let repetitionDetection: RepetitionDetection?
    /// The tokens that end the output: the request's stop tokens, and the model's EOS unless it is ignored.
    public let endTokenIDs: Set<TokenID>
    /// The tokens masked until ``minTokens`` are there: stop tokens and EOS, even where EOS is ignored (as in vLLM).
    public let maskedTokenIDs: Set<TokenID>

    /// Whether the highest logit is taken, and nothing drawn.
    public var isGreedy: Bool { temperature == 0 }

    /// What sample `index` of the request runs with: the same, with the seed ``SamplingParameters/seed(ofSample:from:)``.
    public func ofSample(_ index: Int) -> ResolvedSampling {
        var sample = self
        sample.seed = SamplingParameters.seed(ofSample: index, from: seed)
        return sample
    }

    /// The prompt that the request asks to be computed: all of it unless it sets `truncate_prompt_tokens`, else its last
    /// tokens.
    ///
    /// - Parameter maxModelLength: tokens of prompt and output together, which -1 leaves room in for `max_tokens`, or
    ///   for one token if unset.
    public func truncated(_ prompt: [TokenID], maxModelLength: Int) -> [TokenID] {
        guard let truncatePromptTokens else { return prompt }
        let fitting = maxModelLength - min(maxTokens ?? 1, maxModelLength)
        let kept = truncatePromptTokens == -1 ? max(1, fitting) : truncatePromptTokens
        return kept < prompt.count ? Array(prompt.suffix(kept)) : prompt
    }
}
