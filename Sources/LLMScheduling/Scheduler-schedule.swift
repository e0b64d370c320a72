extension Scheduler {
    /// Chooses the next step's work, empty only when no sequence is live.
    ///
    /// Running sequences come first, by rank; each gets at least one token, or is preempted. Then, unless the step had to
    /// preempt one for its blocks, waiting sequences join while places, budget and blocks allow. A batch that was not
    /// committed counts as not computed, and this one takes its place. O(running + tokens scheduled).
    public mutating func schedule() -> ScheduledBatch {
        var batch = ScheduledBatch(reserving: running.count)
        takeBackStates()
        makeWay(into: &batch)
        let displaced = batch.preempted.count
        let bound = stepBound()
        scheduleRunning(into: &batch, bound)
        if batch.preempted.count == displaced { admitWaiting(into: &batch, bound) }
        work = batch.work
        return batch
    }

    /// A step in flight counts as not computed. Sequences whose states it has overwritten begin again.
    private mutating func takeBackStates() {
        guard pools.states != nil else { return }
        for index in running.indices {
            running[index].slots.takeBack(pools: &pools)
            guard running[index].slots.areLost else { continue }
            totals.discardedTokens += running[index].computedCount
            running[index].releaseBlocks(to: &pools)
            running[index].start(with: CachedPrefix(), caches: options.prefixCaching, pools: &pools)
        }
    }

    /// Under the policy `priority`, sequences that run give way to a more important one that waits.
    private mutating func makeWay(into batch: inout ScheduledBatch) {
        guard options.policy == .priority, let next = waiting.first else { return }
        let priority = next.rank.priority
        guard let last = running.last, last.rank.priority > priority else { return }
        let lesser = running.reversed().prefix { $0.rank.priority > priority }
        let places = lesser.reduce(0) { $0 + $1.width }
        guard runningPlaces - places + next.width <= mostPlaces else { return }
        let exclusive = pools.pools.indices.map { pool in
            lesser.reduce(0) {
                $0
                    + (pool == pools.states
                        ? $1.slots.exclusiveCount(in: pools) : $1.tables.exclusiveCount(pool, in: pools))
            }
        }
        guard hasBlocksToStart(next, with: next.cachedPrefix(in: pools), and: exclusive) else { return }
        while let last = running.last, last.rank.priority > priority, !canStart(next) {
            batch.preempted.append(preemptLast())
        }
    }

    private mutating func scheduleRunning(into batch: inout ScheduledBatch, _ bound: StepBound?) {
        var index = 0
        while index < running.count {
            // With no block left the last in line gives way, if need be the one that asks; the first in line has
            // the whole pool at its disposal in the end, and was admitted because that is enough.
            while running[index].room(in: pools) == 0 {
                batch.preempted.append(preemptLast())
                if index == running.count { return }
            }
            // Those after it get a token each, whatever it takes.
            let after = running.count - 1 - index
            let budget = options.maxNumBatchedTokens - batch.tokens.count - after
            var count = max(1, chunk(running[index], budget, batch, bound))
            if !running[index].draft.isEmpty { count += draft(running[index], budget - count, sparing: after) }
            take(index, count, sparing: after, into: &batch)
            index += 1
        }
    }

    private mutating func admitWaiting(into batch: inout ScheduledBatch, _ bound: StepBound?) {
        while let next = waiting.first, !batch.preempted.contains(next.id),
            runningPlaces + next.width <= mostPlaces, batch.tokens.count < options.maxNumBatchedTokens
        {
            let prefix = next.cachedPrefix(in: pools)
            guard hasBlocksToStart(next, with: prefix) else { return }
            var state = next
            let isResumed = state.cachedPromptCount != nil
            state.start(with: prefix, caches: options.prefixCaching, pools: &pools)
            let count = chunk(state, options.maxNumBatchedTokens - batch.tokens.count, batch, bound)
            guard count > 0 else {
                state.releaseBlocks(to: &pools)
                return
            }
            waiting.removeFirst()
            waitingTokens -= state.tokens.count
            totals.cachedTokens += state.computedCount
            if !isResumed, options.prefixCaching, state.readsPrefixCache {
                totals.prefixQueryTokens += state.promptCount
                totals.prefixHitTokens += state.cachedPromptCount ?? 0
            }
            batch.started.append(
                StartedSequence(id: state.id, cachedTokens: state.computedCount, isResumed: isResumed))
            let index = running.insertionIndex(of: state.rank)
            runningPlaces += state.width
            running.insert(state, at: index)
            take(index, count, sparing: 0, into: &batch)
        }
    }

    /// Sequences that may run at once: a step has a token for each.
    var mostPlaces: Int { min(options.maxNumSeqs, options.maxNumBatchedTokens) }

    private func canStart(_ state: SequenceState) -> Bool {
        runningPlaces + state.width <= mostPlaces && hasBlocksToStart(state, with: state.cachedPrefix(in: pools))
    }

    /// Whether every pool has the free blocks that a waiting sequence needs to begin, with as many `more` as there are.
    private func hasBlocksToStart(_ state: SequenceState, with prefix: CachedPrefix, and more: [Int] = []) -> Bool {
        pools.pools.indices.allSatisfy { pool in
            let needed =
                pool == pools.states ? state.slots.needToStart : blocksToStart(state, with: prefix.nodes, pool)
            return needed <= pools.pools[pool].freeCount + (more.isEmpty ? 0 : more[pool])
        }
    }

    /// Free blocks of a group that a waiting sequence needs to begin: for all its known tokens and any they yield, or it
    /// would be preempted before it has done any good. It takes them as it needs them. Behind a window it needs none, and
    /// where all blocks do not hold a window and a step's budget, its chunks are shorter. Cached blocks that no sequence
    /// holds count too, since taking them leaves fewer free ones.
    private func blocksToStart(_ state: SequenceState, with prefix: [PrefixTree.NodeID], _ group: Int) -> Int {
        let cachedCount = prefix.count * pools.blockSize
        let behind = pools.blocksBehind(cachedCount, group)
        var needed = pools.blockCount(covering: state.leastLength) - behind
        if let window = pools.groups[group].window {
            let most = CacheGroup.blocks(
                perSequence: state.leastLength, window: window,
                chunk: min(options.maxNumBatchedTokens, state.leastLength - cachedCount), blockSize: pools.blockSize)
            needed = min(needed, most, pools.groups[group].blockCount)
        }
        return needed - prefix[behind...].count { pools.isHeld($0, group) }
    }

    private mutating func take(_ index: Int, _ count: Int, sparing others: Int, into batch: inout ScheduledBatch) {
        // Those that there are places for are spared a slot of states too.
        let next = min(waiting.count, mostPlaces - runningPlaces)
        running[index].schedule(count, sparing: others + next, pools: &pools)
        batch.append(running[index])
    }

    private mutating func preemptLast() -> SequenceID {
        var state = running.removeLast()
        runningPlaces -= state.width
        totals.preemptions += 1
        totals.discardedTokens += state.computedCount
        state.preempt(pools: &pools)
        waitingTokens += state.tokens.count
        waiting.insert(state, at: waiting.insertionIndex(of: state.rank))
        return state.id
    }

    // MARK: The bound on a step

    /// What the streams that run leave of the time a step may take.
    private struct StepBound {
        /// The tokens of each sequence that continues its output.
        let decoding: StepWork
        let nanoseconds: Double
    }

    /// The bound on this step; nil where there is none, or nobody who would have to wait.
    private func stepBound() -> StepBound? {
        guard let target = options.targetITL else { return nil }
        var decoding = StepWork()
        for state in running where state.isDecoding {
            decoding = decoding + state.work(of: state.computedCount..<state.tokens.count + state.draft.count)
        }
        return decoding.rows > 0 ? StepBound(decoding: decoding, nanoseconds: Double(target)) : nil
    }

    /// Known tokens that a sequence computes in this step, within its blocks, the budget and the bound. 0 for one that
    /// has to wait for a later step.
    private func chunk(
        _ state: SequenceState, _ budget: Int, _ batch: ScheduledBatch, _ bound: StepBound?
    ) -> Int {
        if options.computesWhole {
            return state.pendingCount <= budget || batch.sequences.isEmpty ? state.pendingCount : 0
        }
        let most = min(state.pendingCount, budget, state.room(in: pools))
        guard let bound, !state.isDecoding else { return most }
        let least = min(most, max(0, SchedulerOptions.leastPromptTokens - batch.promptWork.rows))
        let others = bound.decoding + batch.promptWork
        let explorable = cost.explorableRows(from: others.rows + least) - others.rows
        var (fits, tooMany) = (least, min(most, max(least, explorable)) + 1)
        while tooMany - fits > 1 {
            let count = (fits + tooMany) / 2
            let positions = state.computedCount..<state.computedCount + count
            let longest = cost.bounded(others + state.work(of: positions)) ?? .infinity
            if longest <= bound.nanoseconds { fits = count } else { tooMany = count }
        }
        return fits
    }
    /// Tokens of its draft that a sequence computes in this step, within what the budget has left, and without the block
    /// that each of the `others` after it may need.
    private func draft(_ state: SequenceState, _ budget: Int, sparing others: Int) -> Int {
        max(0, min(state.draft.count, budget, state.room(in: pools, sparing: others) - state.pendingCount))
    }
}
