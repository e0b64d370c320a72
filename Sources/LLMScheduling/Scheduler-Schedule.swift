extension Scheduler {
    /// Chooses the next step's work, empty only when no sequence is live.
    ///
    /// Running sequences come first, in order of arrival; each gets at least one token, or is preempted. Then, unless
    /// the step preempted one, waiting sequences join while places, budget and blocks allow. A batch that was not
    /// committed counts as not computed, and this one takes its place. O(running + tokens scheduled).
    public mutating func schedule() -> ScheduledBatch {
        var batch = ScheduledBatch()
        scheduleRunning(into: &batch)
        if batch.preempted.isEmpty { admitWaiting(into: &batch) }
        return batch
    }

    private mutating func scheduleRunning(into batch: inout ScheduledBatch) {
        var index = 0
        while index < running.count {
            // With no block left the last in line gives way, if need be the one that asks; the first in line has
            // the whole pool at its disposal in the end, and was admitted because that is enough.
            while room(of: index) == 0 {
                batch.preempted.append(preemptLast())
                if index == running.count { return }
            }
            // The budget reaches everybody: a sequence starts with what those before it leave after taking all they
            // need, and they never need more again.
            take(index, into: &batch)
            index += 1
        }
    }

    private mutating func admitWaiting(into batch: inout ScheduledBatch) {
        while let next = waiting.first, running.count < options.maxNumSeqs,
            batch.tokens.count < options.maxNumBatchedTokens,
            // Room for all its known tokens and the one they yield, or it would be preempted before it has done any
            // good. It takes the blocks as it needs them.
            pool.freeCount >= pool.blockCount(covering: next.tokens.count + 1)
        {
            running.append(waiting.removeFirst())
            take(running.count - 1, into: &batch)
        }
    }

    /// Tokens the running sequence at `index` could compute with its own blocks and the free ones.
    private func room(of index: Int) -> Int {
        (running[index].table.count + pool.freeCount) * pool.blockSize - running[index].computedCount
    }

    private mutating func take(_ index: Int, into batch: inout ScheduledBatch) {
        let budget = options.maxNumBatchedTokens - batch.tokens.count
        let count = min(running[index].pendingCount, budget, room(of: index))
        running[index].schedule(count, pool: &pool)
        batch.append(running[index])
    }

    private mutating func preemptLast() -> SequenceID {
        var state = running.removeLast()
        totals.preemptions += 1
        totals.discardedTokens += state.computedCount
        state.preempt(pool: &pool)
        waiting.insert(state, at: waiting.insertionIndex(of: state.rank))
        return state.id
    }
}
