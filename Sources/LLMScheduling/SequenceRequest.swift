/// What is asked of a scheduler: continue `prompt` until a stop token or a length, or only compute it.
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
    /// How much the sequence matters under `SchedulingPolicy.priority`: lower is served first.
    public var priority: Int
    /// When the sequence is to end with what it has, in nanoseconds of the clock that `Scheduler.expire` is told.
    public var deadline: Int64?
    /// Sequences that the request becomes once its prompt is computed, this one included: their places are kept.
    public var width: Int
    /// Whether those sequences only make sense step by step together, as the beams of one search do: then all blocks
    /// together must hold them all.
    public var runsTogether: Bool
    /// Separates the cached prefixes of tenants that must not see each other's; nil for the common ones.
    public var cacheSalt: String?
    /// Whether cached prefixes are used; a request that wants something of every prompt token computes them all.
    public var readsPrefixCache: Bool
    /// Whether each prompt token's row is to yield logits too.
    public var needsPromptLogits: Bool
    /// The prompt tokens whose hidden states are all that is wanted; nil for a request that generates. With them the
    /// sequence ends when its prompt is computed; `maxTokens`, `minTokens`, `stopTokens`, `width` and `runsTogether` are
    /// then ignored.
    public var promptStates: PromptStates?

    /// A request; `Scheduler.add` checks it.
    public init(
        id: SequenceID, prompt: [TokenID], maxTokens: Int? = nil, minTokens: Int = 0, stopTokens: Set<TokenID> = [],
        priority: Int = 0, deadline: Int64? = nil, width: Int = 1, runsTogether: Bool = false,
        cacheSalt: String? = nil, readsPrefixCache: Bool = true, needsPromptLogits: Bool = false,
        promptStates: PromptStates? = nil
    ) {
        self.id = id
        self.prompt = prompt
        self.maxTokens = maxTokens
        self.minTokens = minTokens
        self.stopTokens = stopTokens
        self.priority = priority
        self.deadline = deadline
        self.width = width
        self.runsTogether = runsTogether
        self.cacheSalt = cacheSalt
        self.readsPrefixCache = readsPrefixCache
        self.needsPromptLogits = needsPromptLogits
        self.promptStates = promptStates
    }
}

/// Which of a prompt's tokens the hidden states are wanted of.
public enum PromptStates: Hashable, Sendable {
    /// Every one.
    case all
    /// The last one.
    case last
}
