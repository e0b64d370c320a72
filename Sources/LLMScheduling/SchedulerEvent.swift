/// What a step did to a sequence.
public enum SchedulerEvent: Hashable, Sendable {
    /// The sequence has a new token, at `index` in its output.
    case token(SequenceID, TokenID, index: Int)
    /// The sequence has ended and its blocks are free; its last token came in the event before.
    case finished(FinishedSequence)
}

/// Why a sequence ended.
public enum FinishReason: String, Sendable, CaseIterable {
    /// A stop token, or a stop string that the caller matched.
    case stop
    /// Its own limit, the model's length or the size of the block pool.
    case length
    /// Its client gave up.
    case abort
    /// It could not be computed.
    case error
}

/// What is left of a sequence that has ended.
public struct FinishedSequence: Hashable, Sendable {
    /// The sequence.
    public let id: SequenceID
    /// Why it ended.
    public let reason: FinishReason
    /// Its tokens: the prompt, then the output with the token that ended it.
    public let tokens: [TokenID]
    /// How many of the tokens are the prompt.
    public let promptCount: Int
    /// How often it was preempted.
    public let preemptionCount: Int

    /// The generated tokens.
    public var output: ArraySlice<TokenID> { tokens[promptCount...] }

    init(_ state: SequenceState, reason: FinishReason) {
        id = state.id
        self.reason = reason
        tokens = state.tokens
        promptCount = state.promptCount
        preemptionCount = state.preemptionCount
    }
}
