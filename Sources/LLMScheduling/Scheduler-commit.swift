extension Scheduler {
    /// Takes the results of the last scheduled step: the tokens that each sequence that needed logits goes on with.
    ///
    /// Without a draft that is one token. With one, it is as much of the draft as is accepted and one token after that.
    /// What comes after the first token that is not the draft's, or after the one that ends the sequence, is dropped
    /// without an event; so is what comes after the one that follows the whole draft. All but the last of those that are
    /// left count as computed. The rest of the draft is taken back.
    ///
    /// Returns, by rank, a `token` event for each token that is now known, followed by `finished` for those that ended
    /// with it; the blocks of these are free. A sequence that only computes its prompt has `finished` alone, after its
    /// last token. Tokens for a sequence that is not in the step, because it ended in the meantime or needed no logits,
    /// are ignored. A sequence that needed logits and has no token here counts as not computed, and is scheduled again,
    /// with its draft. O(running + tokens taken back).
    ///
    /// - Parameters:
    ///   - tokens: the next tokens of each sequence that goes on.
    ///   - branches: sequences that branch off one that has a single token here, with a token of their own in its place.
    ///     They share the blocks computed so far, and their events follow those of all others. Their ids are new.
    ///   - nanoseconds: how long the step took, for `SchedulerOptions.targetITL` and estimates; nil where nobody knows.
    public mutating func commit(
        _ tokens: [SequenceID: [TokenID]], branches: [SequenceID: [Branch]] = [:], nanoseconds: Int64? = nil
    ) -> [SchedulerEvent] {
        totals.steps += 1
        if let nanoseconds { observe(nanoseconds) }
        var events: [SchedulerEvent] = []
        events.reserveCapacity(tokens.count)
        var born: [(state: SequenceState, token: TokenID)] = []
        var anyFinished = false
        for index in running.indices where running[index].scheduledCount > 0 {
            running[index].dropCopies(pools: &pools)
            if running[index].yieldsToken {
                guard let next = tokens[running[index].id], !next.isEmpty else {
                    running[index].rollBack(pools: &pools)
                    continue
                }
                accept(next, index, branches[running[index].id] ?? [], &events, &born)
            } else {
                advance(index, rejecting: 0)
            }
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

    /// The running sequence at `index` goes on with the first of `tokens`.
    private mutating func accept(
        _ tokens: [TokenID], _ index: Int, _ branches: [Branch], _ events: inout [SchedulerEvent],
        _ born: inout [(state: SequenceState, token: TokenID)]
    ) {
        precondition(branches.isEmpty || tokens.count == 1, "branches off a sequence that goes on with several tokens")
        let id = running[index].id
        let drafted = running[index].scheduledDraftCount
        let accepted = drafted > 0 ? running[index].acceptedCount(of: tokens) : 0
        for token in tokens[..<accepted] {
            events.append(.token(id, token, index: running[index].outputCount))
            running[index].append(token)
        }
        totals.draftedTokens += drafted
        advance(index, rejecting: drafted - accepted)
        for branch in branches { born.append((self.branch(index, branch.id), branch.token)) }
        events.append(.token(id, tokens[accepted], index: running[index].outputCount))
        running[index].append(tokens[accepted])
    }

    /// The tokens of the step are computed but the last `rejected`.
    private mutating func advance(_ index: Int, rejecting rejected: Int) {
        totals.computedTokens += running[index].scheduledCount
        totals.rejectedTokens += rejected
        totals.recomputedTokens += running[index].advance(rejecting: rejected, pools: &pools)
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
        let state = SequenceState(branchOf: parent, id: id, rank: rank, pools: &pools)
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
}
