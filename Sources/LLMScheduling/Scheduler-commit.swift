extension Scheduler {
    /// Takes the results of the last scheduled step: a token for each sequence that needed logits.
    ///
    /// Returns, by rank, a `token` event for each of them, followed by `finished` for those that ended with it; the
    /// blocks of these are free. A sequence that only computes its prompt has `finished` alone, after its last token. A
    /// token for a sequence that is not in the step, because it ended in the meantime or needed no logits, is ignored. A sequence that needed logits and has no token here counts as not computed, and is
    /// scheduled again. O(running).
    ///
    /// - Parameters:
    ///   - tokens: the next token of each sequence that goes on.
    ///   - branches: sequences that branch off one that has a token here, with a token of their own in its place. They
    ///     share the blocks computed so far, and their events follow those of all others. Their ids are new.
    ///   - nanoseconds: how long the step took, for `SchedulerOptions.targetITL` and estimates; nil where nobody knows.
    public mutating func commit(
        _ tokens: [SequenceID: TokenID], branches: [SequenceID: [Branch]] = [:], nanoseconds: Int64? = nil
    ) -> [SchedulerEvent] {
        totals.steps += 1
        if let nanoseconds { observe(nanoseconds) }
        var events: [SchedulerEvent] = []
        events.reserveCapacity(tokens.count)
        var born: [(state: SequenceState, token: TokenID)] = []
        var anyFinished = false
        for index in running.indices where running[index].scheduledCount > 0 {
            running[index].dropCopySource(pool: &pool)
            guard running[index].yieldsToken else {
                advance(index)
                if let reason = running[index].finishReason {
                    anyFinished = true
                    events.append(.finished(retire(running[index], reason: reason)))
                }
                continue
            }
            guard let token = tokens[running[index].id] else {
                running[index].rollBack(pool: &pool)
                continue
            }
            advance(index)
            for branch in branches[running[index].id] ?? [] {
                born.append((self.branch(index, branch.id), branch.token))
            }
            events.append(.token(running[index].id, token, index: running[index].outputCount))
            running[index].append(token)
            if let reason = running[index].finishReason {
                anyFinished = true
                events.append(.finished(retire(running[index], reason: reason)))
            }
        }
        if anyFinished { removeFinished() }
        for (var state, token) in born {
            events.append(.token(state.id, token, index: state.outputCount))
            state.append(token)
            if let reason = state.finishReason {
                events.append(.finished(retire(state, reason: reason)))
            } else {
                runningPlaces += state.width
                running.insert(state, at: running.insertionIndex(of: state.rank))
            }
        }
        return events
    }

    private mutating func removeFinished() {
        for state in running where state.finishReason != nil { runningPlaces -= state.width }
        running.removeAll { $0.finishReason != nil }
    }

    /// A sequence that shares what the running one at `index` has computed; it takes one of the places kept for it.
    private mutating func branch(_ index: Int, _ id: SequenceID) -> SequenceState {
        precondition(ranks[id] == nil, "sequence \(id) is live already")
        let parent = running[index]
        let rank = Rank(priority: parent.rank.priority, arrival: parent.rank.arrival, branch: nextBranch)
        nextBranch += 1
        if parent.width > 1 {
            running[index].width -= 1
            runningPlaces -= 1
        }
        let state = SequenceState(branchOf: parent, id: id, rank: rank, pool: &pool)
        register(state)
        totals.branchedTokens += state.computedCount
        return state
    }

    /// Makes an admitted sequence known.
    mutating func register(_ state: SequenceState) {
        ranks[state.id] = state.rank
        if let deadline = state.deadline { deadlines.insert(Deadline(nanoseconds: deadline, id: state.id)) }
        totals.admitted += 1
    }

    private mutating func observe(_ nanoseconds: Int64) {
        cost.observe(work, nanoseconds: nanoseconds)
        guard let target = options.targetITL, nanoseconds > target else { return }
        if running.contains(where: { $0.isDecoding && $0.scheduledCount > 0 }) { totals.stepsOverTarget += 1 }
    }

    private mutating func advance(_ index: Int) {
        totals.computedTokens += running[index].scheduledCount
        totals.recomputedTokens += running[index].advance()
        if options.prefixCaching { running[index].cacheFullBlocks(pool: &pool) }
    }

    // MARK: Ends that the scheduler cannot see

    /// Ends a live sequence for a reason the scheduler cannot see, such as a stop string, between `commit` and the
    /// next `schedule` or at any other time. Its blocks are free at once. Nil when no live sequence has the id.
    /// O(running), or O(waiting) for a waiting one.
    @discardableResult
    public mutating func finish(_ id: SequenceID, reason: FinishReason) -> FinishedSequence? {
        guard let rank = ranks[id] else { return nil }
        if let index = running.index(of: rank) {
            runningPlaces -= running[index].width
            return retire(running.remove(at: index), reason: reason)
        }
        let state = waiting.remove(at: waiting.insertionIndex(of: rank))
        waitingTokens -= state.tokens.count
        return retire(state, reason: reason)
    }

    /// Ends a live sequence because its client gave up; see `finish`.
    @discardableResult
    public mutating func abort(_ id: SequenceID) -> FinishedSequence? {
        finish(id, reason: .abort)
    }

    /// Ends all live sequences, running ones first, each by rank.
    @discardableResult
    public mutating func abortAll() -> [FinishedSequence] {
        (runningIDs + waitingIDs).compactMap { abort($0) }
    }

    /// Ends the sequences whose deadline has come, the earliest first. O(log live) for each deadline that has passed.
    public mutating func expire(at nanoseconds: Int64) -> [FinishedSequence] {
        var ended: [FinishedSequence] = []
        while let next = deadlines.min, next.nanoseconds <= nanoseconds {
            deadlines.removeMin()
            // One that has ended since, whose id may be in use again, is passed over.
            guard sequence(next.id)?.deadline == next.nanoseconds else { continue }
            if let finished = finish(next.id, reason: .timeout) { ended.append(finished) }
        }
        return ended
    }

    /// Forgets a sequence that has left the line, and frees its blocks.
    private mutating func retire(_ state: SequenceState, reason: FinishReason) -> FinishedSequence {
        var state = state
        totals.retiredTokens += state.computedCount
        state.releaseBlocks(to: &pool)
        ranks[state.id] = nil
        totals.finished += 1
        return FinishedSequence(state, reason: reason)
    }
}
