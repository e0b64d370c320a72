/// What a request runs with: every parameter decided, once, at admission.
public struct ResolvedSampling: Sendable, Hashable {
    /// Subtracted from the logit of every token in the output.
    public let presencePenalty: Double
    /// Subtracted from a token's logit for each time it is in the output.
    public let frequencyPenalty: Double
    /// Divides positive and multiplies negative logits of tokens in the prompt or the output.
    public let repetitionPenalty: Double
    /// 0 for greedy, else [0.01, 2].
    public let temperature: Double
    /// 1 for off; always off when greedy.
    public let topP: Double
    /// 0 for off; always off when greedy.
    public let topK: Int
    /// 0 for off; always off when greedy.
    public let minP: Double
    /// The seed of all draws: the request's, or the random one taken in its place.
    public let seed: Int64
    /// Texts that end the output, in the request's order.
    public let stop: [String]
    /// Output tokens at most; `nil` for as many as there is room for.
    public let maxTokens: Int?
    /// Output tokens before which no token of ``maskedTokenIDs`` is chosen.
    public let minTokens: Int
    /// How many alternatives to report with each token; `nil` for no logprobs.
    public let logprobs: Int?
    /// The tokens that end the output: the request's stop tokens, and the model's EOS unless it is ignored.
    public let endTokenIDs: Set<TokenID>
    /// The tokens masked until ``minTokens`` are there: stop tokens and EOS, even where EOS is ignored (as in vLLM).
    public let maskedTokenIDs: Set<TokenID>

    /// Whether the highest logit is taken, and nothing drawn.
    public var isGreedy: Bool { temperature == 0 }
}

extension SamplingParameters {
    /// Decides every field: the request's value, then the model's default, then vLLM's default.
    ///
    /// Each field is decided by itself. So a request that sets a temperature samples even if the model's default is
    /// greedy, with the model's other defaults; and a request that sets only `topP` stays greedy on such a model.
    /// Greedy, by whatever way, turns top-p, top-k and min-p off. EOS ids outside the vocabulary are dropped, for they
    /// cannot be generated.
    ///
    /// - Parameters:
    ///   - defaults: the model's recommendations.
    ///   - vocabularySize: logits in a row.
    ///   - eosTokenIDs: the tokens the model ends a text with.
    ///   - seedIfUnset: the seed where the request gives none.
    /// - Throws: ``SamplingError`` if a stop token is not in the vocabulary.
    public func resolved(
        defaults: SamplingDefaults = .none,
        vocabularySize: Int,
        eosTokenIDs: [TokenID] = [],
        seedIfUnset: @autoclosure () -> Int64 = SamplingParameters.randomSeed()
    ) throws(SamplingError) -> ResolvedSampling {
        let stopTokens = stopTokenIDs ?? []
        if let unknown = stopTokens.first(where: { Int($0) >= vocabularySize }) {
            throw SamplingError(
                .notInVocabulary, field: "stop_token_ids",
                problem: "\(unknown) is not in the vocabulary, whose range is [0, \(vocabularySize - 1)]",
                remedy: "use ids of this model's tokenizer")
        }
        let eosTokens = eosTokenIDs.filter { $0 >= 0 && Int($0) < vocabularySize }
        let temperature = temperature ?? defaults.temperature ?? 1
        let isGreedy = temperature == 0
        return ResolvedSampling(
            presencePenalty: presencePenalty ?? 0,
            frequencyPenalty: frequencyPenalty ?? 0,
            repetitionPenalty: repetitionPenalty ?? defaults.repetitionPenalty ?? 1,
            temperature: temperature,
            topP: isGreedy ? 1 : topP ?? defaults.topP ?? 1,
            topK: isGreedy ? 0 : max(0, topK ?? defaults.topK ?? 0),
            minP: isGreedy ? 0 : minP ?? defaults.minP ?? 0,
            seed: seed ?? seedIfUnset(),
            stop: stop ?? [],
            maxTokens: maxTokens,
            minTokens: minTokens ?? 0,
            logprobs: logprobs,
            endTokenIDs: Set(stopTokens).union(ignoreEOS == true ? [] : eosTokens),
            maskedTokenIDs: Set(stopTokens).union(eosTokens))
    }
}
