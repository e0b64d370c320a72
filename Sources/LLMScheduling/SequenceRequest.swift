/// What is asked of a scheduler: continue `prompt` until a stop token or a length.
public struct SequenceRequest: Hashable, Sendable {
    /// The caller's name for the sequence, not in use by a live one.
    public var id: SequenceID
    /// The tokens to continue; at least one.
    public var prompt: [TokenID]
    /// Most tokens to generate; nil means as many as the model's length and the block pool allow.
    public var maxTokens: Int?
    /// Tokens to generate before a stop token counts.
    public var minTokens: Int
    /// Tokens that end the sequence, the end-of-sequence token among them unless it is to be ignored.
    public var stopTokens: Set<TokenID>

    /// A request; `Scheduler.add` checks it.
    public init(
        id: SequenceID, prompt: [TokenID], maxTokens: Int? = nil, minTokens: Int = 0, stopTokens: Set<TokenID> = []
    ) {
        self.id = id
        self.prompt = prompt
        self.maxTokens = maxTokens
        self.minTokens = minTokens
        self.stopTokens = stopTokens
    }
}
