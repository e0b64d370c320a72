/// What a step takes, and what becomes of it.
extension SequenceState {
    /// Tokens that could be computed with its own blocks and slots and the free ones, but `spared` blocks of each group.
    func room(in pools: BlockPools, sparing spared: Int = 0) -> Int {
        if pools.freeSlotCount == 0, slots.needsSlot(in: pools) { return 0 }
        guard !tables.blocks.isEmpty else { return .max }
        var least = Int.max
        for group in tables.blocks.indices {
            let free = pools.pools[group].freeCount - (mustCopy(group, in: pools) ? 1 : 0)
            guard free >= 0 else { return 0 }
            least = min(least, tables.blocks[group].count + max(0, free - spared))
        }
        return least * pools.blockSize - computedCount
    }

    /// Whether the next token goes to a block of the group that others hold too.
    private func mustCopy(_ group: Int, in pools: BlockPools) -> Bool {
        computedCount % pools.blockSize != 0 && tables.isShared(computedCount / pools.blockSize, group, in: pools)
    }

    /// Takes the next `count` tokens into the step, the blocks for exactly those, and the slots for the states that it
    /// writes, of which `spared` are left to others if it can do with fewer.
    mutating func schedule(_ count: Int, sparing spared: Int, pools: inout BlockPools) {
        scheduledCount = count
        for group in tables.blocks.indices where mustCopy(group, in: pools) {
            copies.append(tables.exchange(computedCount / pools.blockSize, group, pools: &pools))
        }
        tables.resize(toCover: computedCount + count, pools: &pools)
        slots.schedule(scheduledRange, caches: isCaching, sparing: spared, pools: &pools)
    }

    /// The tokens of the step are not computed.
    mutating func rollBack(pools: inout BlockPools) {
        scheduledCount = 0
        tables.resize(toCover: computedCount, pools: &pools)
        slots.takeBack(pools: &pools)
    }

    /// The step was computed, what it copied among it.
    mutating func dropCopies(pools: inout BlockPools) {
        guard !copies.isEmpty else { return }
        for copy in copies { pools.release(copy.from, copy.group) }
        copies = []
    }

    /// The tokens of the step are computed, but the last `rejected`, which are taken back. Full blocks are cached, and those
    /// behind a window are free. That ends a sequence that generates nothing where they are its last. Returns how many
    /// of the tokens had already been computed before a preemption.
    mutating func advance(rejecting rejected: Int, pools: inout BlockPools) -> Int {
        let former = computedCount
        computedCount = scheduledRange.upperBound - rejected
        scheduledCount = 0
        if !draft.isEmpty { draft = [] }
        if rejected > 0 { tables.resize(toCover: computedCount, pools: &pools) }
        slots.advance(pools: &pools)
        cacheFullBlocks(pools: &pools)
        slots.releaseBorders(pools: &pools)
        tables.release(behind: computedCount, former: former, pools: &pools)
        if promptStates != nil, pendingCount == 0 { finishReason = .stop }
        let again = max(0, min(computedCount, reachedCount) - former)
        reachedCount = max(reachedCount, computedCount)
        return again
    }
}
