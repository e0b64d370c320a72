/// What the sampler needs of one sequence: its tokens, and what the request's steps work out from them.
///
/// A value that belongs to the sequence, not to its blocks or to a batch. It changes with ``append(_:)`` alone, once a
/// chosen token, so a preemption, which recomputes keys and values, leaves it as it is. A copy is the history of another
/// sequence that begins alike.
public struct SequenceHistory: Sendable, Hashable {
    /// The prompt's tokens.
    public let prompt: [TokenID]
    /// The tokens chosen so far; their number is the index of the next one.
    public private(set) var output: [TokenID] = []
    /// Of the steps that count tokens; nil where the request has none.
    private(set) var counts: TokenCounts?
    /// The most surprise that mirostat lets through, in bits.
    package private(set) var mirostatMu: Double

    /// The history of a sequence that has its prompt and no output; O(prompt) where the request penalizes repetition,
    /// else O(1).
    public init(prompt: [TokenID], _ parameters: ResolvedSampling) {
        self.prompt = prompt
        // Only the repetition penalty looks at the prompt.
        if parameters.repetitionPenalty != 1 {
            counts = TokenCounts(prompt: prompt)
        } else if parameters.presencePenalty != 0 || parameters.frequencyPenalty != 0 {
            counts = TokenCounts(prompt: [])
        }
        mirostatMu = Mirostat.firstMu(tau: parameters.mirostatTau)
    }

    /// Takes the token that the sampler chose for this history.
    public mutating func append(_ token: SampledToken) {
        output.append(token.id)
        counts?.add(token.id)
        if let mu = token.mirostatMu { mirostatMu = mu }
    }
}
