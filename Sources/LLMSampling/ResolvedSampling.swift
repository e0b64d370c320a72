/// What a request runs with: every parameter decided, once, at admission.
///
/// The parameters of ``SamplingTable`` by their names there, those with a default never nil. One that is off has the
/// value that turns it off; so has a filter, or what else comes after the highest logit is known, of a greedy request.
@dynamicMemberLookup
public struct ResolvedSampling: Sendable, Hashable {
    let values: SamplingValues
    /// The seed of all draws: the request's, or the random one taken in its place; of a sample, its own.
    public fileprivate(set) var seed: Int64
    /// Whether the highest logit is taken, and nothing drawn.
    public let isGreedy: Bool
    /// Token sequences over which DRY sees no repetition, none of them empty.
    public let drySequenceBreakers: [[TokenID]]
    /// Token sequences that the output must not contain, none of them empty.
    public let badWords: [[TokenID]]
    /// The tokens that end the output: the request's stop tokens, and the model's EOS unless it is ignored.
    public let endTokenIDs: Set<TokenID>
    /// The tokens masked until `minTokens` are there: stop tokens and EOS, even where EOS is ignored (as in vLLM).
    public let maskedTokenIDs: Set<TokenID>
    /// The steps that do anything for the request, as indices of ``SamplingStep/order``, by stage.
    private(set) var logitSteps: [Int] = []
    private(set) var candidateSteps: [Int] = []

    init(
        _ values: SamplingValues, seed: Int64, drySequenceBreakers: [[TokenID]], badWords: [[TokenID]],
        endTokenIDs: Set<TokenID>, maskedTokenIDs: Set<TokenID>
    ) {
        self.values = values
        self.seed = seed
        isGreedy = values[SamplingTable.shared.temperature] == 0
        self.drySequenceBreakers = drySequenceBreakers
        self.badWords = badWords
        self.endTokenIDs = endTokenIDs
        self.maskedTokenIDs = maskedTokenIDs
        for (index, step) in SamplingStep.order.enumerated() where step.isOn(self) {
            switch step.stage {
            case .logits: logitSteps.append(index)
            case .candidates: candidateSteps.append(index)
            }
        }
    }

    /// The value of a parameter.
    public subscript<Value, Resolved>(
        dynamicMember path: KeyPath<SamplingTable, SamplingParameter<Value, Resolved>>
    ) -> Resolved {
        let parameter = SamplingTable.shared[keyPath: path]
        return parameter.resolved(values[parameter])
    }

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
        guard let limit = self.truncatePromptTokens else { return prompt }
        let fitting = maxModelLength - min(self.maxTokens ?? 1, maxModelLength)
        let kept = limit == -1 ? max(1, fitting) : limit
        return kept < prompt.count ? Array(prompt.suffix(kept)) : prompt
    }
}
