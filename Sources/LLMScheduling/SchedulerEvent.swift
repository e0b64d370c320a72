/// What a step did to a sequence.
public enum SchedulerEvent: Hashable, Sendable {
    /// The sequence has a new token, at `index` in its output.
    case token(SequenceID, TokenID, index: Int)
    /// The sequence has ended and its blocks are free; its last token, if it generates, came in the event before.
    case finished(FinishedSequence)
}

/// Why a sequence ended.
public enum FinishReason: String, Sendable, CaseIterable {
    /// A stop token, or a stop string that the caller matched. Or all is computed and nothing was to be generated.
    case stop
    /// Its own limit, the model's length or the size of the block pool.
    case length
    /// Its client gave up.
    case abort
    /// It could not be computed.
    case error
    /// Its output repeats itself, as the request asked to be told.
    case repetition
    /// Its deadline came.
    case timeout
}

/// A sequence that branches off another, which has computed all its known tokens.
public struct Branch: Hashable, Sendable {
    /// The new sequence.
    public let id: SequenceID
    /// Its next token.
    public let token: TokenID

    /// A sequence `id` that goes on with `token`.
    public init(id: SequenceID, token: TokenID) {
        self.id = id
        self.token = token
    }
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
    /// How many of its prompt tokens were found in the prefix cache.
    public let cachedPromptCount: Int

    /// The generated tokens.
    public var output: ArraySlice<TokenID> { tokens[promptCount...] }

    init(_ state: SequenceState, reason: FinishReason) {
        id = state.id
        self.reason = reason
        tokens = state.tokens
        promptCount = state.promptCount
        preemptionCount = state.preemptionCount
        cachedPromptCount = state.cachedPromptCount ?? 0
    }
}
