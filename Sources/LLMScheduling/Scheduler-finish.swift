/// Ends that the scheduler cannot see.
extension Scheduler {
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
    mutating func retire(_ state: SequenceState, reason: FinishReason) -> FinishedSequence {
        var state = state
        totals.retiredTokens += state.computedCount
        state.releaseBlocks(to: &pools)
        ranks[state.id] = nil
        totals.finished += 1
        return FinishedSequence(state, reason: reason)
    }
}
