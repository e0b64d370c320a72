extension Scheduler {
    /// Takes the results of the last scheduled step: a token for each sequence that needed logits.
    ///
    /// Returns, in order of arrival, a `token` event for each of them, followed by `finished` for those that ended
    /// with it; the blocks of these are free. A token for a sequence that is not in the step, because it ended in the
    /// meantime or needed no logits, is ignored. A sequence that needed logits and has no token here counts as not
    /// computed, and is scheduled again. O(running).
    public mutating func commit(_ tokens: [SequenceID: TokenID]) -> [SchedulerEvent] {
        var events: [SchedulerEvent] = []
        events.reserveCapacity(tokens.count)
        var anyFinished = false
        for index in running.indices where running[index].scheduledCount > 0 {
            guard running[index].yieldsToken else {
                advance(index)
                continue
            }
            guard let token = tokens[running[index].id] else {
                running[index].rollBack(pool: &pool)
                continue
            }
            advance(index)
            events.append(.token(running[index].id, token, index: running[index].outputCount))
            running[index].append(token)
            if let reason = running[index].finishReason {
                anyFinished = true
                events.append(.finished(retire(running[index], reason: reason)))
            }
        }
        if anyFinished { running.removeAll { $0.finishReason != nil } }
        return events
    }

    /// Ends a live sequence for a reason the scheduler cannot see, such as a stop string, between `commit` and the
    /// next `schedule` or at any other time. Its blocks are free at once. Nil when no live sequence has the id.
    /// O(running), or O(waiting) for a waiting one.
    @discardableResult
    public mutating func finish(_ id: SequenceID, reason: FinishReason) -> FinishedSequence? {
        guard let rank = ranks[id] else { return nil }
        if let index = running.index(of: rank) {
            return retire(running.remove(at: index), reason: reason)
        }
        return retire(waiting.remove(at: waiting.insertionIndex(of: rank)), reason: reason)
    }

    /// Ends a live sequence because its client gave up; see `finish`.
    @discardableResult
    public mutating func abort(_ id: SequenceID) -> FinishedSequence? {
        finish(id, reason: .abort)
    }

    /// Ends all live sequences, in order of arrival.
    @discardableResult
    public mutating func abortAll() -> [FinishedSequence] {
        let line = running + waiting
        running.removeAll()
        waiting.removeAll()
        return line.map { retire($0, reason: .abort) }
    }

    private mutating func advance(_ index: Int) {
        totals.computedTokens += running[index].scheduledCount
        running[index].advance()
    }

    /// Forgets a sequence that has left the line, and frees its blocks.
    private mutating func retire(_ state: SequenceState, reason: FinishReason) -> FinishedSequence {
        var state = state
        state.releaseBlocks(to: &pool)
        ranks[state.id] = nil
        totals.finished += 1
        return FinishedSequence(state, reason: reason)
    }
}
