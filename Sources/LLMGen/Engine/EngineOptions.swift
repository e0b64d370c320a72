import LLMModels
public import LLMScheduling
public import LLMTensor

/// The element type of cached keys and values.
public typealias KVCacheDtype = LLMTensor.KVCacheDtype

/// Who is served first.
public typealias SchedulingPolicy = LLMScheduling.SchedulingPolicy

/// How an engine schedules and how much memory its cache takes.
public struct EngineOptions: Sendable {
    /// Memory for keys and values, and for states of recurrent layers; unset, what all sequences at full length need, at
    /// most half of what is available (``KVCacheSizing``).
    public var kvCacheMemory: ByteCount?
    /// Blocks of keys and values, in place of an amount of memory.
    public var kvBlocks: Int?
    /// Where neither is given, the engine's share of the memory that caches may take: 1, or less where several engines
    /// are to live beside each other.
    public var memoryShare = 1.0
    /// Slots for states of recurrent layers, in place of a share of the memory.
    package var stateSlots: Int?
    /// The type of cached keys and values; unset, ``LanguageModel/automaticKVCacheDtype``.
    public var kvCacheDtype: KVCacheDtype?
    /// Tokens a block: 16, 32, 64 or 128.
    public var blockSize: Int
    /// Sequences that may run at once.
    public var maxNumSeqs: Int
    /// Tokens that one step computes at most.
    public var maxNumBatchedTokens: Int
    /// Tokens a sequence may have, prompt and output; unset, as many as the model was made for.
    public var maxModelLength: Int?
    /// Whether full blocks are kept for later requests that begin alike.
    public var prefixCaching = true
    /// Who is served first.
    public var policy = SchedulingPolicy.fcfs
    /// The bound on the time between two tokens of a request, which long prompts of others are to keep; nil for none.
    public var targetITL: Duration?
    /// Requests that may wait, besides those that there are places for; nil for any number.
    public var maxQueuedRequests: Int?
    /// Tokens that these may have together; nil for any number.
    public var maxQueuedTokens: Int?

    /// Options; every one has a default.
    public init(
        kvCacheMemory: ByteCount? = nil, kvBlocks: Int? = nil, kvCacheDtype: KVCacheDtype? = nil, blockSize: Int = 32,
        maxNumSeqs: Int = 128, maxNumBatchedTokens: Int = 512, maxModelLength: Int? = nil
    ) {
        self.kvCacheMemory = kvCacheMemory
        self.kvBlocks = kvBlocks
        self.kvCacheDtype = kvCacheDtype
        self.blockSize = blockSize
        self.maxNumSeqs = maxNumSeqs
        self.maxNumBatchedTokens = maxNumBatchedTokens
        self.maxModelLength = maxModelLength
    }

    /// The scheduler's limits for a model of these sizes and a cache of this type, and how the cache's size came about.
    func scheduling(
        maxPositions: Int, _ layout: CacheLayout, _ dtype: KVCacheDtype
    ) throws(LLMGenError) -> (SchedulerOptions, KVCacheSizing) {
        let maxLength = maxModelLength ?? maxPositions
        guard maxLength <= maxPositions else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "max-model-len is \(maxLength); the model was made for at most \(maxPositions) tokens")
        }
        func options(_ groups: [CacheGroup], stateSlots: Int = 0) throws(LLMGenError) -> SchedulerOptions {
            do {
                var options = try SchedulerOptions(
                    blockSize: blockSize, groups: groups, stateSlots: stateSlots, maxNumSeqs: maxNumSeqs,
                    maxNumBatchedTokens: maxNumBatchedTokens, maxModelLength: maxLength)
                options.prefixCaching = prefixCaching
                options.policy = policy
                options.longestModelLength = maxPositions
                if let targetITL { try options.setTargetITL(targetITL.nanoseconds) }
                try options.boundQueue(requests: maxQueuedRequests, tokens: maxQueuedTokens)
                return options
            } catch {
                throw LLMGenError(error)
            }
        }
        guard !layout.groups.isEmpty || !layout.states.isEmpty else {
            // An encoder sees whole texts and caches nothing.
            var options = try options([])
            options.prefixCaching = false
            options.computesWhole = true
            return (options, try KVCacheSizing(empty: self))
        }
        // The size of the cache depends on other values, which must make sense before.
        _ = try options([CacheGroup(blockCount: kvBlocks ?? 1)])
        let costs = layout.groups.map { group in
            KVCacheSizing.GroupCost(
                blockBytes: group.shape(blockSize: blockSize, dtype: dtype).blockByteCount, window: group.window)
        }
        let sizing = try KVCacheSizing(
            self, costs, stateBytes: layout.stateByteCount, maxLength: maxLength, limit: MemoryLimit())
        let groups = zip(layout.groups, sizing.groupBlockCounts).map { group, count in
            CacheGroup(blockCount: count, window: group.window)
        }
        return (try options(groups, stateSlots: sizing.stateSlots), sizing)
    }
}
