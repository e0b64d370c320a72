import LLMScheduling

/// What must be so.
extension Simulation {
    mutating func check() {
        problems += scheduler.invariantViolations()
    }

    mutating func check(_ batch: ScheduledBatch, _ before: [SequenceID]) {
        if Set(batch.sequences.map(\.id)) != Set(scheduler.runningIDs) || batch.counts.contains(0) {
            problems.append("not every running sequence has a token")
        }
        if batch.isEmpty != scheduler.isEmpty { problems.append("there is work and none is scheduled") }
        if batch.tokens.count > options.maxNumBatchedTokens { problems.append("\(batch.tokens.count) tokens") }
        guard options.policy == .fcfs else { return }
        if !batch.preempted.isEmpty && !batch.started.isEmpty { problems.append("a step that preempted started") }
        if Array(before.reversed().prefix(batch.preempted.count)) != batch.preempted {
            problems.append("preempted \(batch.preempted) of \(before)")
        }
        if batch.sequences.map(\.id) != scheduler.runningIDs { problems.append("the batch is out of order") }
    }

    /// A sequence ended by itself: with the tokens, the reason and in the time it should have.
    mutating func settle(_ finished: FinishedSequence) {
        guard let sample = known[finished.id] else { return problems.append("unknown \(finished.id) finished") }
        if Array(finished.output) != sample.output || finished.reason != sample.reason {
            problems.append(
                "\(finished.id): \(finished.output), \(finished.reason), alone \(sample.output), \(sample.reason)")
        }
        if sample.request.promptStates != nil {
            promptsAlone += 1
            if states[finished.id] != PagedToyModel.statesAlone(sample.request) {
                problems.append("\(finished.id) has other states than alone")
            }
        }
        if options.policy == .fcfs && step > sample.lastStep {
            problems.append("\(finished.id) finished after step \(sample.lastStep)")
        }
    }

    /// What ended early has the first of the tokens it would have got.
    mutating func checkPrefix(of ended: FinishedSequence) {
        guard let sample = known[ended.id] else { return problems.append("unknown \(ended.id) ended") }
        if Array(ended.output) != Array(sample.output.prefix(ended.output.count)) {
            problems.append("\(ended.id) has \(ended.tokens)")
        }
    }
}
