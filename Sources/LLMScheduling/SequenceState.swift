/// One live sequence: its known tokens, how many of them are computed, and the blocks that hold those.
///
/// Known tokens are the prompt and what was generated; computed ones have their keys and values in the blocks. The
/// last known token yields the next one, or ends a sequence that generates nothing, so a live sequence always has at least
/// one token to compute. A draft is tentative tokens after the known ones: a step computes them too, and only those that
/// its commit accepts become known.
public struct SequenceState: Sendable {
    /// The caller's name for it.
    public let id: SequenceID
    /// The known tokens: the prompt, then the output. The array is shared, not copied; let go of it before the
    /// next `commit`, which appends to it.
    public internal(set) var tokens: [TokenID]
    /// How many of the tokens are the prompt.
    public let promptCount: Int
    /// How many of the tokens are computed.
    public internal(set) var computedCount = 0
    /// How many tokens after the computed ones the step in flight computes, those of the draft included.
    public internal(set) var scheduledCount = 0
    /// The tokens that are to follow the known ones, if the next commit accepts them.
    public internal(set) var draft: [TokenID] = []
    /// How often the sequence lost its blocks and states and had to start over.
    public private(set) var preemptionCount = 0
    /// How many of its prompt tokens were found in the prefix cache when it first ran; nil before that.
    public internal(set) var cachedPromptCount: Int?
    /// Whether it looks its tokens up in the prefix cache.
    public let readsPrefixCache: Bool

    /// The most tokens it has ever had computed: those before it that are computed now are computed once more.
    var reachedCount = 0

    let rank: Rank
    let deadline: Int64?
    let needsPromptLogits: Bool
    let promptStates: PromptStates?
    /// Places it takes among the running: its own, and those of the sequences that are to branch off it.
    var width: Int
    var finishReason: FinishReason?
    var tables: BlockTables
    var slots: SequenceSlots
    /// What the step in flight copies before it writes to a shared block; the block read has a reference of its own until
    /// `commit`.
    var copies: [BlockCopy] = []
    /// Whether its full blocks are cached; not where its prefix cannot be.
    var isCaching = false
    /// The prefix of the full blocks that are cached, pinned; nil before the first.
    var cacheNode: PrefixTree.NodeID?
    var cachedBlockCount = 0  // blocks of the tables, from their first, that are cached
    let cacheSalt: String?
    let lengthLimit: Int  // known tokens at which it ends
    private let minTokens: Int
    private let stopTokens: Set<TokenID>

    init(_ request: SequenceRequest, rank: Rank, lengthLimit: Int, pools: BlockPools) {
        id = request.id
        tokens = request.prompt
        promptCount = request.prompt.count
        minTokens = request.minTokens
        stopTokens = request.stopTokens
        deadline = request.deadline
        readsPrefixCache = request.readsPrefixCache
        needsPromptLogits = request.needsPromptLogits
        promptStates = request.promptStates
        width = promptStates == nil ? request.width : 1
        tables = BlockTables(pools)
        slots = SequenceSlots(
            promptCount: request.prompt.count, isRepeatable: request.runsTogether && request.promptStates == nil)
        cacheSalt = request.cacheSalt
        self.rank = rank
        self.lengthLimit = lengthLimit
    }

    /// A second sequence that knows and has computed what `parent` knows and has.
    init(branchOf parent: SequenceState, id: SequenceID, rank: Rank, pools: inout BlockPools) {
        precondition(parent.scheduledCount == 0 && parent.copies.isEmpty, "a branch of a step in flight")
        self.id = id
        self.rank = rank
        tokens = parent.tokens
        promptCount = parent.promptCount
        computedCount = parent.computedCount
        reachedCount = parent.computedCount
        cachedPromptCount = parent.cachedPromptCount
        deadline = parent.deadline
        readsPrefixCache = parent.readsPrefixCache
        needsPromptLogits = parent.needsPromptLogits
        promptStates = parent.promptStates
        width = 1
        tables = parent.tables.shared(pools: &pools)
        slots = parent.slots.shared(pools: &pools)
        isCaching = parent.isCaching
        cacheNode = parent.cacheNode
        pools.pin(cacheNode)
        cachedBlockCount = parent.cachedBlockCount
        cacheSalt = parent.cacheSalt
        lengthLimit = parent.lengthLimit
        minTokens = parent.minTokens
        stopTokens = parent.stopTokens
    }

    /// How many tokens have been generated.
    public var outputCount: Int { tokens.count - promptCount }
    /// For each cache group the blocks that hold the computed tokens and those of the step in flight, in order; -1 for a
    /// block behind the group's window.
    public var blockTables: [[BlockID]] { tables.blocks }
    /// The slots of its states and all that becomes of them, for tests that explore all there are.
    package var slotState: [Int] { slots.state }

    /// Known tokens that are not computed.
    var pendingCount: Int { tokens.count - computedCount }
    /// The tokens of the step in flight.
    var scheduledRange: Range<Int> { computedCount..<computedCount + scheduledCount }
    /// How many of them are of the draft.
    var scheduledDraftCount: Int { max(0, scheduledCount - pendingCount) }
    /// Whether the step in flight reaches the last known token.
    var reachesEnd: Bool { scheduledCount >= pendingCount }
    /// Whether the step in flight yields the next token.
    var yieldsToken: Bool { reachesEnd && promptStates == nil }
    /// The known tokens that it cannot do without: what is there, and the token that this yields.
    var leastLength: Int { tokens.count + (promptStates == nil ? 1 : 0) }
    /// Whether it continues its output, one known token a step.
    var isDecoding: Bool { pendingCount == 1 && outputCount > 0 }
    /// Tokens it may still generate.
    var remainingCount: Int { lengthLimit - tokens.count }

    /// Why `token` would end it as the one at `index` of its output; nil where it goes on.
    func reasonToEnd(with token: TokenID, at index: Int) -> FinishReason? {
        if index + 1 >= minTokens && stopTokens.contains(token) { return .stop }
        return promptCount + index + 1 >= lengthLimit ? .length : nil
    }

    /// Appends the token that the computed ones yielded, and decides whether it is the last.
    mutating func append(_ token: TokenID) {
        finishReason = reasonToEnd(with: token, at: outputCount)
        tokens.append(token)
    }

    /// Gives up all blocks and states, and with them what was computed; the known tokens stay.
    mutating func releaseBlocks(to pools: inout BlockPools) {
        dropCopies(pools: &pools)
        tables.removeAll(pools: &pools)
        slots.removeAll(pools: &pools)
        leaveCache(pools: &pools)
        computedCount = 0
        scheduledCount = 0
        draft = []
    }

    /// Gives up all blocks, to be computed again later.
    mutating func preempt(pools: inout BlockPools) {
        releaseBlocks(to: &pools)
        preemptionCount += 1
    }
}
