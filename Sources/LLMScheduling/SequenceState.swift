/// One live sequence: its known tokens, how many of them are computed, and the blocks that hold those.
///
/// Known tokens are the prompt and what was generated; computed ones have their keys and values in the blocks. The
/// last known token yields the next one, or ends a sequence that generates nothing, so a live sequence always has at least
/// one token to compute.
public struct SequenceState: Sendable {
    /// The caller's name for it.
    public let id: SequenceID
    /// The known tokens: the prompt, then the output. The array is shared, not copied; let go of it before the
    /// next `commit`, which appends to it.
    public private(set) var tokens: [TokenID]
    /// How many of the tokens are the prompt.
    public let promptCount: Int
    /// How many of the tokens are computed.
    public private(set) var computedCount = 0
    /// How many tokens after the computed ones the step in flight computes.
    public private(set) var scheduledCount = 0
    /// How often the sequence lost its blocks and had to start over.
    public private(set) var preemptionCount = 0
    /// How many of its prompt tokens were found in the prefix cache when it first ran; nil before that.
    public private(set) var cachedPromptCount: Int?
    /// Whether it looks its tokens up in the prefix cache.
    public let readsPrefixCache: Bool

    /// The most tokens it has ever had computed: those before it that are computed now are computed once more.
    private(set) var reachedCount = 0

    let rank: Rank
    let deadline: Int64?
    let needsPromptLogits: Bool
    let promptStates: PromptStates?
    /// Places it takes among the running: its own, and those of the sequences that are to branch off it.
    var width: Int
    private(set) var finishReason: FinishReason?
    private(set) var table = BlockTable()
    /// The shared block that the step in flight copies before it writes, with a reference of its own until `commit`.
    private(set) var copySource: BlockID?
    /// What the next full block is cached under; nil where its prefix cannot be cached.
    private var cacheLink: PrefixCache.Link?
    private var cachedBlockCount = 0  // blocks of the table, from its first, that are cached
    private let cacheSalt: String?
    private let lengthLimit: Int  // known tokens at which it ends
    private let minTokens: Int
    private let stopTokens: Set<TokenID>

    init(_ request: SequenceRequest, rank: Rank, lengthLimit: Int) {
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
        cacheSalt = request.cacheSalt
        self.rank = rank
        self.lengthLimit = lengthLimit
    }

    /// A second sequence that knows and has computed what `parent` knows and has.
    init(branchOf parent: SequenceState, id: SequenceID, rank: Rank, pool: inout BlockPool) {
        precondition(parent.scheduledCount == 0 && parent.copySource == nil, "a branch of a step in flight")
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
        table = parent.table.shared(pool: &pool)
        cacheLink = parent.cacheLink
        cachedBlockCount = parent.cachedBlockCount
        cacheSalt = parent.cacheSalt
        lengthLimit = parent.lengthLimit
        minTokens = parent.minTokens
        stopTokens = parent.stopTokens
    }

    /// How many tokens have been generated.
    public var outputCount: Int { tokens.count - promptCount }
    /// The blocks that hold the computed tokens and those of the step in flight, in order.
    public var blockTable: [BlockID] { table.blocks }

    /// Known tokens that are not computed.
    var pendingCount: Int { tokens.count - computedCount }
    /// The tokens of the step in flight.
    var scheduledRange: Range<Int> { computedCount..<computedCount + scheduledCount }
    /// Whether the step in flight reaches the last known token.
    var reachesEnd: Bool { scheduledCount == pendingCount }
    /// Whether the step in flight yields the next token.
    var yieldsToken: Bool { reachesEnd && promptStates == nil }
    /// The known tokens that it cannot do without: what is there, and the token that this yields.
    var leastLength: Int { tokens.count + (promptStates == nil ? 1 : 0) }
    /// Whether it continues its output, one token a step.
    var isDecoding: Bool { pendingCount == 1 && outputCount > 0 }
    /// Tokens it may still generate.
    var remainingCount: Int { lengthLimit - tokens.count }

    // MARK: Steps

    /// Tokens that could be computed with its own blocks and the free ones.
    func room(in pool: BlockPool) -> Int {
        let free = pool.freeCount - (mustCopy(in: pool) ? 1 : 0)
        return free < 0 ? 0 : (table.count + free) * pool.blockSize - computedCount
    }

    /// Whether the next token goes to a block that others hold too.
    private func mustCopy(in pool: BlockPool) -> Bool {
        let index = computedCount / pool.blockSize
        return computedCount % pool.blockSize != 0 && pool.referenceCount(of: table.blocks[index]) > 1
    }

    /// Takes the next `count` tokens into the step, and the blocks for exactly those.
    mutating func schedule(_ count: Int, pool: inout BlockPool) {
        scheduledCount = count
        if count > 0, mustCopy(in: pool) {
            copySource = table.exchange(computedCount / pool.blockSize, pool: &pool)
        }
        table.resize(toCover: computedCount + count, pool: &pool)
    }

    /// The step was computed, what it copied among it.
    mutating func dropCopySource(pool: inout BlockPool) {
        if let source = copySource { pool.release(source) }
        copySource = nil
    }

    /// The tokens of the step are computed, which ends a sequence that generates nothing where they are its last; returns
    /// how many of them for another time.
    mutating func advance() -> Int {
        let again = max(0, min(scheduledRange.upperBound, reachedCount) - computedCount)
        computedCount += scheduledCount
        scheduledCount = 0
        reachedCount = max(reachedCount, computedCount)
        if promptStates != nil, pendingCount == 0 { finishReason = .stop }
        return again
    }

    /// The tokens of the step are not computed.
    mutating func rollBack(pool: inout BlockPool) {
        schedule(0, pool: &pool)
    }

    /// Gives up all blocks, and with them what was computed; the known tokens stay.
    mutating func releaseBlocks(to pool: inout BlockPool) {
        dropCopySource(pool: &pool)
        computedCount = 0
        cachedBlockCount = 0
        cacheLink = nil
        rollBack(pool: &pool)
    }

    /// Gives up all blocks, to be computed again later.
    mutating func preempt(pool: inout BlockPool) {
        releaseBlocks(to: &pool)
        preemptionCount += 1
    }

    /// Appends the token that the computed ones yielded, and decides whether it is the last.
    mutating func append(_ token: TokenID) {
        tokens.append(token)
        if outputCount >= minTokens && stopTokens.contains(token) {
            finishReason = .stop
        } else if tokens.count >= lengthLimit {
            finishReason = .length
        }
    }

    // MARK: Prefix cache

    /// The cached blocks that hold the beginning of its known tokens; one token at least is left to compute.
    func cachedPrefix(in pool: BlockPool) -> [PrefixCache.Link] {
        guard readsPrefixCache else { return [] }
        var links: [PrefixCache.Link] = []
        var link = pool.cache.root(salt: cacheSalt)
        let size = pool.blockSize
        for start in stride(from: 0, through: tokens.count - 1 - size, by: size) {
            guard let next = pool.cache.find(tokens, start..<start + size, after: link) else { break }
            links.append(next)
            link = next
        }
        return links
    }

    /// Begins to run with the cached `prefix`.
    mutating func start(with prefix: [PrefixCache.Link], pool: inout BlockPool) {
        for link in prefix {
            if let block = link.block { table.append(cached: block, pool: &pool) }
        }
        computedCount = prefix.count * pool.blockSize
        cachedBlockCount = prefix.count
        cacheLink = prefix.last ?? pool.cache.root(salt: cacheSalt)
        cachedPromptCount = cachedPromptCount ?? min(computedCount, promptCount)
        reachedCount = max(reachedCount, computedCount)
    }

    /// Caches the blocks that have become full. Where another block holds the same already, that one takes the place.
    mutating func cacheFullBlocks(pool: inout BlockPool) {
        let size = pool.blockSize
        while let link = cacheLink, (cachedBlockCount + 1) * size <= computedCount {
            let (index, block) = (cachedBlockCount, table.blocks[cachedBlockCount])
            cacheLink = pool.cache(block, tokens, index * size..<(index + 1) * size, after: link)
            guard let cached = cacheLink?.block else { return }
            if cached != block { table.replace(index, withCached: cached, pool: &pool) }
            cachedBlockCount += 1
        }
    }

    /// What it has computed is not to be cached.
    mutating func leaveCache() {
        cacheLink = nil
        cachedBlockCount = 0
    }
}
