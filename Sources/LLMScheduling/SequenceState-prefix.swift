/// What it takes from the prefix cache and gives to it.
extension SequenceState {
    /// What is cached of the beginning of its known tokens; one token at least is left to compute.
    func cachedPrefix(in pools: BlockPools) -> CachedPrefix {
        readsPrefixCache ? pools.cachedPrefix(of: tokens, salt: cacheSalt) : CachedPrefix()
    }

    /// Begins to run with the cached `prefix`; `caches` is whether its own full blocks are to be cached.
    mutating func start(with prefix: CachedPrefix, caches: Bool, pools: inout BlockPools) {
        tables.start(with: prefix.nodes, pools: &pools)
        slots.start(with: prefix, pools: &pools)
        computedCount = prefix.nodes.count * pools.blockSize
        cachedBlockCount = prefix.nodes.count
        isCaching = caches
        cacheNode = prefix.nodes.last
        pools.pin(cacheNode)
        cachedPromptCount = cachedPromptCount ?? min(computedCount, promptCount)
        reachedCount = max(reachedCount, computedCount)
    }

    /// Caches the blocks that have become full, and snapshots of the states after some. Where another block holds the same
    /// already, that one takes the place.
    mutating func cacheFullBlocks(pools: inout BlockPools) {
        while isCaching, (cachedBlockCount + 1) * pools.blockSize <= computedCount {
            guard let node = pools.advance(tokens, to: cachedBlockCount, after: cacheNode, salt: cacheSalt) else {
                return leaveCache(pools: &pools)
            }
            tables.cache(cachedBlockCount, as: node, pools: &pools)
            cacheNode = node
            cachedBlockCount += 1
            let end = cachedBlockCount * pools.blockSize
            slots.cache(end, as: node, isEnd: end == computedCount, pools: &pools)
        }
    }

    /// What it has computed is not to be cached.
    mutating func leaveCache(pools: inout BlockPools) {
        slots.leaveCache()
        pools.unpin(cacheNode)
        isCaching = false
        cacheNode = nil
        cachedBlockCount = 0
    }
}
