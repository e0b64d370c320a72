extension Scheduler {
    /// What is wrong with the scheduler's state; empty when all is well, which it is between any two calls.
    /// For tests: O(blocks + sequences).
    public func invariantViolations() -> [String] {
        blockViolations() + stateViolations() + lineViolations() + sequenceViolations() + totalViolations()
    }

    /// The state of every block, for tests that explore all there are: of each cache group, and of the slots of states, the
    /// free ones in the order in which they will be handed out, and of the cached ones what they hold.
    package var blockStates: [[[Int]]] { pools.pools.indices.map(pools.contents) }
    /// Prefixes that are known, with or without blocks, and how many may be.
    package var prefixCount: (now: Int, most: Int) { (pools.tree.count, pools.mostNodes) }

    /// How many hold each block of each pool.
    private var holders: [[Int]] {
        var holders = pools.pools.map { Array(repeating: 0, count: $0.blockCount) }
        for state in running {
            for (group, table) in state.blockTables.enumerated() {
                for block in table where block >= 0 { holders[group][Int(block)] += 1 }
            }
            for copy in state.copies { holders[copy.group][Int(copy.from)] += 1 }
            guard let states = pools.states else { continue }
            for slot in state.slots.held { holders[states][Int(slot)] += 1 }
        }
        return holders
    }

    /// Sequences have states where they have computed tokens; what a step writes is the writer's alone, and no snapshot.
    private func stateViolations() -> [String] {
        guard let states = pools.states else { return [] }
        var violations: [String] = []
        let holders = holders[states]
        for state in running {
            let slots = state.slots
            if (slots.current == nil) != (state.computedCount == 0) {
                violations.append("sequence \(state.id) has computed \(state.computedCount) tokens and \(slots)")
            }
            if state.scheduledCount > 0, slots.written == nil { violations.append("\(state.id) writes no states") }
            for slot in slots.borders.map(\.slot) + [slots.written].compactMap(\.self)
            where holders[Int(slot)] != 1 || pools.pools[states].isCached(slot) {
                violations.append("sequence \(state.id) writes slot \(slot), which is shared or a snapshot")
            }
        }
        for state in waiting where !state.slots.held.isEmpty {
            violations.append("sequence \(state.id) waits and has \(state.slots)")
        }
        return violations
    }

    /// Blocks are conserved, and a block is in as many tables as it has references.
    private func blockViolations() -> [String] {
        let holders = holders
        var pins: [PrefixTree.NodeID: Int] = [:]
        for state in running {
            if let node = state.cacheNode { pins[node, default: 0] += 1 }
        }
        var violations = pools.invariantViolations(holders: holders, pins: pins)
        for state in running where state.scheduledCount > 0 {
            // Nobody writes what others hold too, or what is cached.
            let written = state.scheduledRange
            for index in written.lowerBound / pools.blockSize...(written.upperBound - 1) / pools.blockSize {
                for (group, table) in state.blockTables.enumerated() {
                    let block = table[index]
                    if holders[group][Int(block)] > 1 || pools.pools[group].isCached(block) {
                        violations.append("sequence \(state.id) writes block \(block), which is shared or cached")
                    }
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
            for (group, table) in state.blockTables.enumerated() {
                // What later queries see is there, and nothing that they do not.
                let behind = pools.blocksBehind(state.computedCount, group)
                if table.count != pools.blockCount(covering: end)
                    || table.indices.contains(where: { (table[$0] < 0) != ($0 < behind) })
                {
                    violations.append("sequence \(state.id) has the blocks \(table) for \(end) tokens")
                }
            }
            if state.pendingCount < 1 || end > state.tokens.count + state.draft.count {
                violations.append("sequence \(state.id) computes \(end) tokens and knows \(state.tokens.count)")
            }
            if !state.draft.isEmpty && (!state.isDecoding || state.draft.count >= state.remainingCount) {
                violations.append("sequence \(state.id) has a draft of \(state.draft.count) tokens")
            }
            if state.leastLength > options.maxSequenceLength || state.finishReason != nil {
                violations.append("sequence \(state.id) lives on with \(state.tokens.count) tokens")
            }
        }
        for state in waiting
        where state.computedCount + state.scheduledCount + state.draft.count > 0 || state.blockTables != pools.noBlocks
            || state.cacheNode != nil
        {
            violations.append("sequence \(state.id) waits and has computed tokens, a step or blocks")
        }
        for state in running where !state.copies.isEmpty && state.scheduledCount == 0 {
            violations.append("sequence \(state.id) copies a block and is not in the step")
        }
        let scheduled = running.reduce(0) { $0 + $1.scheduledCount }
        let isAlone = options.computesWhole && running.count { $0.scheduledCount > 0 } == 1
        if scheduled > options.maxNumBatchedTokens, !isAlone {
            violations.append("\(scheduled) tokens in a step, more than \(options.maxNumBatchedTokens)")
        }
        return violations
    }

    /// Work is conserved: what was computed, or taken from the cache or a parent, is there, was thrown away or taken back,
    /// or went with a sequence that ended.
    private func totalViolations() -> [String] {
        let live = running.reduce(0) { $0 + $1.computedCount }
        let gained = totals.computedTokens + totals.cachedTokens + totals.branchedTokens
        let spent = live + totals.discardedTokens + totals.retiredTokens + totals.rejectedTokens
        return gained == spent ? [] : ["\(gained) tokens were gained and \(spent) accounted for"]
    }
}
