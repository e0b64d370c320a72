/// What it takes from the prefix cache and gives to it.
extension SequenceState {
    /// The cached blocks that hold the beginning of its known tokens; one token at least is left to compute.
    func cachedPrefix(in pools: BlockPools) -> [PrefixTree.NodeID] {
        readsPrefixCache ? pools.cachedPrefix(of: tokens, salt: cacheSalt) : []
    }

    /// Begins to run with the cached `prefix`; `caches` is whether its own full blocks are to be cached.
    mutating func start(with prefix: [PrefixTree.NodeID], caches: Bool, pools: inout BlockPools) {
        tables.start(with: prefix, pools: &pools)
        computedCount = prefix.count * pools.blockSize
        cachedBlockCount = prefix.count
        isCaching = caches
        cacheNode = prefix.last
        pools.pin(cacheNode)
        cachedPromptCount = cachedPromptCount ?? min(computedCount, promptCount)
        reachedCount = max(reachedCount, computedCount)
    }

    /// Caches the blocks that have become full. Where another block holds the same already, that one takes the place.
    mutating func cacheFullBlocks(pools: inout BlockPools) {
        while isCaching, (cachedBlockCount + 1) * pools.blockSize <= computedCount {
            guard let node = pools.advance(tokens, to: cachedBlockCount, after: cacheNode, salt: cacheSalt) else {
                return leaveCache(pools: &pools)
            }
            tables.cache(cachedBlockCount, as: node, pools: &pools)
            cacheNode = node
            cachedBlockCount += 1
        }
    }

    /// What it has computed is not to be cached.
    mutating func leaveCache(pools: inout BlockPools) {
        pools.unpin(cacheNode)
        isCaching = false
        cacheNode = nil
        cachedBlockCount = 0
    }
}
