/// One step between a row of logits and the token chosen from it.
public struct SamplingStep: Sendable {
    /// What a step works on.
    public enum Stage: Sendable, Hashable, Comparable {
        /// It edits logits of the row; a greedy request too goes through it.
        case logits
        /// It reshapes or narrows the distribution drawn from; a greedy request has taken the highest logit before it.
        case candidates
    }

    /// The wire name of the parameter that turns the step on.
    public let name: String
    /// What it works on.
    public let stage: Stage
    /// Whether it can change which token is the most probable one.
    public let changesArgmax: Bool
    /// What the step keeps of a sequence from token to token; nil where it keeps nothing.
    package private(set) var state: (any StepState.Type)? = nil
    /// Whether the request has the step do anything, for some tokens at least.
    package let isOn: @Sendable (ResolvedSampling) -> Bool
    /// Does it, or nothing where this token needs nothing.
    package let apply: @Sendable (inout Candidates, SamplingContext) throws(SamplingError) -> Void
}

/// What a step may look at besides the candidates.
package struct SamplingContext: Sendable {
    package let parameters: ResolvedSampling
    package let history: SequenceHistory
    package let processors: [any LogitsProcessor]
    package let mask: TokenMask?

    package init(
        _ parameters: ResolvedSampling, _ history: SequenceHistory, _ processors: [any LogitsProcessor] = [],
        mask: TokenMask? = nil
    ) {
        self.parameters = parameters
        self.history = history
        self.processors = processors
        self.mask = mask
    }

    /// The one uniform number in [0, 1) of this token for one user of randomness.
    func uniform(_ draw: Draw) -> Double {
        Philox.uniform(seed: parameters.seed, output: history.output.count, draw: draw)
    }
}
