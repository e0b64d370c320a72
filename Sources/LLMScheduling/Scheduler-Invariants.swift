extension Scheduler {
    /// What is wrong with the scheduler's state; empty when all is well, which it is between any two calls.
    /// For tests: O(blocks + sequences).
    public func invariantViolations() -> [String] {
        blockViolations() + lineViolations() + sequenceViolations()
    }

    /// Blocks are conserved, and a block is in as many tables as it has references.
    private func blockViolations() -> [String] {
        var holders = Array(repeating: 0, count: pool.blockCount)
        for state in running {
            for block in state.blockTable { holders[Int(block)] += 1 }
        }
        var violations = pool.invariantViolations(holders: holders)
        if pool.freeCount + pool.usedCount != pool.blockCount || pool.blockCount != options.blockCount {
            violations.append("\(pool.freeCount) free and \(pool.usedCount) used of \(options.blockCount) blocks")
        }
        for (block, count) in holders.enumerated() where count > 1 {
            violations.append("block \(block) is in \(count) tables, and nothing is shared")
        }
        return violations
    }

    /// Running sequences, then waiting ones, are in line by rank, each once.
    private func lineViolations() -> [String] {
        var violations: [String] = []
        let line = running + waiting
        for (former, latter) in zip(line, line.dropFirst()) where former.rank >= latter.rank {
            violations.append("sequence \(former.id) is in line before \(latter.id)")
        }
        if line.count != ranks.count || !line.allSatisfy({ ranks[$0.id] == $0.rank }) {
            violations.append("\(ranks.count) sequences are listed and \(line.count) are in line")
        }
        if totals.admitted - totals.finished != line.count {
            violations.append("\(totals.admitted) admitted - \(totals.finished) finished is not \(line.count) live")
        }
        let most = min(options.maxNumSeqs, options.maxNumBatchedTokens)
        if running.count > most {
            violations.append("\(running.count) sequences run at once, more than \(most)")
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
            if state.tokens.count >= options.maxSequenceLength || state.finishReason != nil {
                violations.append("sequence \(state.id) lives on with \(state.tokens.count) tokens")
            }
        }
        for state in waiting where state.computedCount + state.scheduledCount + state.blockTable.count > 0 {
            violations.append("sequence \(state.id) waits and has computed tokens, a step or blocks")
        }
        let scheduled = running.reduce(0) { $0 + $1.scheduledCount }
        if scheduled > options.maxNumBatchedTokens {
            violations.append("\(scheduled) tokens in a step, more than \(options.maxNumBatchedTokens)")
        }
        return violations
    }
}
