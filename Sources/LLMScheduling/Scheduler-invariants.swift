extension Scheduler {
    /// What is wrong with the scheduler's state; empty when all is well, which it is between any two calls.
    /// For tests: O(blocks + sequences).
    public func invariantViolations() -> [String] {
        blockViolations() + lineViolations() + sequenceViolations() + totalViolations()
    }

    /// The state of every block, for tests that explore all there are: the free ones in the order in which they will be
    /// handed out, and of the cached ones what they hold.
    package var blockStates: [[Int]] { pool.states }

    /// Blocks are conserved, and a block is in as many tables as it has references.
    private func blockViolations() -> [String] {
        var holders = Array(repeating: 0, count: pool.blockCount)
        for state in running {
            for block in state.blockTable { holders[Int(block)] += 1 }
            if let source = state.copySource { holders[Int(source)] += 1 }
        }
        var violations = pool.invariantViolations(holders: holders)
        if pool.freeCount + pool.usedCount != pool.blockCount || pool.blockCount != options.blockCount {
            violations.append("\(pool.freeCount) free and \(pool.usedCount) used of \(options.blockCount) blocks")
        }
        for state in running where state.scheduledCount > 0 {
            // Nobody writes what others hold too, or what is cached.
            let written = state.scheduledRange
            for index in written.lowerBound / pool.blockSize...(written.upperBound - 1) / pool.blockSize {
                let block = state.blockTable[index]
                if holders[Int(block)] > 1 || pool.cache.contains(block) {
                    violations.append("sequence \(state.id) writes block \(block), which is shared or cached")
                }
            }
        }
        return violations
    }

    /// Running sequences, then waiting ones, are in line by rank, each once; of one priority nobody waits who is before
    /// one that runs.
    private func lineViolations() -> [String] {
        var violations: [String] = []
        let line = running + waiting
        let pairs = [Array(zip(running, running.dropFirst())), Array(zip(waiting, waiting.dropFirst()))].joined()
        for (former, latter) in pairs where former.rank >= latter.rank {
            violations.append("sequence \(former.id) is in line before \(latter.id)")
        }
        if let first = waiting.first, let last = running.last(where: { $0.rank.priority == first.rank.priority }),
            last.rank > first.rank
        {
            violations.append("sequence \(first.id) waits and \(last.id), after it in line, runs")
        }
        if line.count != ranks.count || !line.allSatisfy({ ranks[$0.id] == $0.rank }) {
            violations.append("\(ranks.count) sequences are listed and \(line.count) are in line")
        }
        if totals.admitted - totals.finished != line.count {
            violations.append("\(totals.admitted) admitted - \(totals.finished) finished is not \(line.count) live")
        }
        let places = running.reduce(0) { $0 + $1.width }
        if places != runningPlaces || places > mostPlaces {
            violations.append("\(places) places are taken, \(runningPlaces) counted, of \(mostPlaces)")
        }
        if waiting.reduce(0, { $0 + $1.tokens.count }) != waitingTokens {
            violations.append("\(waitingTokens) tokens are counted as waiting")
        }
        return violations
    }

    /// Tables cover what they must and no more; the step is within its budget.
    private func sequenceViolations() -> [String] {
        var violations: [String] = []
        for state in running + waiting {
            let end = state.scheduledRange.upperBound
            if state.blockTable.count != pool.blockCount(covering: end) {
                violations.append("sequence \(state.id) has \(state.blockTable.count) blocks for \(end) tokens")
            }
            if state.pendingCount < 1 || end > state.tokens.count {
                violations.append("sequence \(state.id) computes \(end) tokens and knows \(state.tokens.count)")
            }
            if state.leastLength > options.maxSequenceLength || state.finishReason != nil {
                violations.append("sequence \(state.id) lives on with \(state.tokens.count) tokens")
            }
        }
        for state in waiting where state.computedCount + state.scheduledCount + state.blockTable.count > 0 {
            violations.append("sequence \(state.id) waits and has computed tokens, a step or blocks")
        }
        for state in running where state.copySource != nil && state.scheduledCount == 0 {
            violations.append("sequence \(state.id) copies a block and is not in the step")
        }
        let scheduled = running.reduce(0) { $0 + $1.scheduledCount }
        if scheduled > options.maxNumBatchedTokens {
            violations.append("\(scheduled) tokens in a step, more than \(options.maxNumBatchedTokens)")
        }
        return violations
    }

    /// Work is conserved: what was computed, or taken from the cache or a parent, is there, was thrown away, or went with
    /// a sequence that ended.
    private func totalViolations() -> [String] {
        let live = running.reduce(0) { $0 + $1.computedCount }
        let gained = totals.computedTokens + totals.cachedTokens + totals.branchedTokens
        let spent = live + totals.discardedTokens + totals.retiredTokens
        return gained == spent ? [] : ["\(gained) tokens were gained and \(spent) accounted for"]
    }
}
