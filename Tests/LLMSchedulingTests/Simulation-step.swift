import LLMScheduling

/// One step, and what else happens in it.
extension Simulation {
    mutating func computeStep() {
        if chance(0.02) { scheduler.resetPrefixCache() }
        for finished in scheduler.expire(at: clock) {
            if finished.reason != .timeout || known[finished.id]!.request.deadline! > clock {
                problems.append("\(finished.id) ended before its time")
            }
            checkPrefix(of: finished)
        }
        propose()
        check()
        let before = scheduler.runningIDs
        var batch = scheduler.schedule()
        check()
        check(batch, before)
        for started in batch.started { cached += started.cachedTokens }
        // What comes while a step is in flight is ignored.
        if chance(0.05) { propose() }
        if chance(0.02) {
            delay(by: scheduler.runningIDs)
            batch = scheduler.schedule()
            for started in batch.started { cached += started.cachedTokens }
        }
        let logits = model.logits(batch)
        take(model.states(batch))
        if chance(0.1), let sequence = batch.sequences.randomElement(using: &generator) {
            end(sequence.id)
        }
        var (tokens, branches) = draw(logits)
        var withheld = false
        if chance(0.05), let sequence = batch.sequences.randomElement(using: &generator) {
            withheld = tokens.removeValue(forKey: sequence.id) != nil
            if withheld { delay(by: [sequence.id]) }
        }
        for sequence in batch.sequences {
            let isLive = scheduler.sequence(sequence.id) != nil
            if isLive && (!sequence.needsLogits || tokens[sequence.id] != nil) { computed += sequence.positions.count }
        }
        branches = branches.filter { tokens[$0.key] != nil }
        for branch in branches.values.joined() { known[branch.id] = sample(of: branch.id) }
        let duration = 500 + 100 * Int64(batch.work.rows) + Int64.random(in: 0...200, using: &generator)
        clock += duration
        let events = scheduler.commit(tokens, branches: branches, nanoseconds: chance(0.9) ? duration : nil)
        if !withheld { step += 1 }
        for finished in events.finished { settle(finished) }
        check()
        if chance(0.05), let id = scheduler.waitingIDs.randomElement(using: &generator) { end(id) }
    }

    /// A step of these sequences counts as not computed, so that they may have lost their states and begin again: all
    /// may take longer.
    private mutating func delay(by sequences: [SequenceID]) {
        guard options.stateSlots > 0 else { return }
        let again = sequences.reduce(0) { $0 + (scheduler.sequence($1)?.computedCount ?? 0) }
        for id in known.keys { known[id]?.lastStep += again }
    }

    /// Takes states as they come: in order, from the first position again where a sequence is computed again.
    private mutating func take(_ states: [SequenceID: [Int: UInt64]]) {
        for (id, new) in states {
            let first = new.keys.min() ?? 0
            if known[id]?.request.promptStates == .all, first > 0 {
                if self.states[id]?.count != first { problems.append("\(id) goes on with position \(first)") }
                self.states[id]?.merge(new) { $1 }
            } else {
                self.states[id] = new
            }
        }
    }

    /// Each sequence's tokens, and the first ones of the samples that branch off it. After a draft a sequence has the
    /// tokens of all its rows, right or wrong, or the first of them.
    private mutating func draw(
        _ logits: [SequenceID: [UInt64]]
    ) -> ([SequenceID: [TokenID]], [SequenceID: [Branch]]) {
        var tokens: [SequenceID: [TokenID]] = [:]
        var branches: [SequenceID: [Branch]] = [:]
        for (id, logits) in logits.sorted(by: { $0.key.value < $1.key.value }) {
            guard let state = scheduler.sequence(id), let sample = known[id] else { continue }
            var drawn = logits.map { PagedToyModel.token($0, sample: sample.index) }
            if drawn.count > 1, chance(0.3) { drawn = Array(drawn.prefix(Int.random(in: 1...9, using: &generator))) }
            tokens[id] = drawn
            guard sample.index == 0, sample.request.width > 1, state.outputCount == 0 else { continue }
            branches[id] = (1..<sample.request.width).map { index in
                Branch(
                    id: SequenceID(id.value + UInt64(index)), token: PagedToyModel.token(logits[0], sample: index))
            }
        }
        return (tokens, branches)
    }

    /// A sequence is ended by its client or by a stop string.
    private mutating func end(_ id: SequenceID) {
        guard scheduler.sequence(id) != nil else { return }
        let ended = Bool.random(using: &generator) ? scheduler.abort(id) : scheduler.finish(id, reason: .stop)
        if let ended { checkPrefix(of: ended) }
        check()
    }
}
