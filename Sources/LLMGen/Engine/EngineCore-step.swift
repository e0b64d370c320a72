import LLMSampling
import LLMScheduling

/// The parts of a step.
extension EngineCore {
    /// Chooses what to compute; the jobs learn which of their sequences begin.
    mutating func schedule() -> ScheduledBatch {
        let batch = scheduler.schedule()
        observer.scheduled(batch)
        for sequence in batch.preempted {
            guard let owner = owners[sequence], let job = jobs[owner] else { continue }
            observer.preempted(job, sequence)
        }
        for started in batch.started {
            guard let owner = owners[started.id] else { continue }
            jobs[owner]?.started(started, at: observer.stepBegin)
            guard let job = jobs[owner], let state = scheduler.sequence(started.id) else { continue }
            observer.started(job, started, state, cachesPrefixes: scheduler.options.prefixCaching)
        }
        return batch
    }

    /// Computes a batch and works on its output rows. The tasks, which share the jobs' tokens, end with this call, so
    /// that tokens are appended in place afterwards.
    mutating func compute(_ batch: ScheduledBatch) -> [RowsOutcome] {
        var work = StepRows()
        for sequence in batch.sequences {
            let job = owners[sequence.id].flatMap { jobs[$0] }
            work.append(sequence, job?.task(sequence) ?? RowsTask())
        }
        runner.run(
            batch, types: { id in owners[id].flatMap { jobs[$0]?.tokenTypes } },
            states: { sequence, states in
                guard let owner = owners[sequence.id] else { return }
                let first = sequence.promptStates.lowerBound - sequence.rows.lowerBound
                jobs[owner]?.take(states, at: sequence.positions.lowerBound + first)
            }, logits: { work.run($0, $1, on: samplers) })
        return work.outcomes
    }

    /// The jobs decide how their sequences go on. A row that cannot be sampled ends its job alone.
    mutating func accept(_ outcomes: [RowsOutcome]) -> JobDecision {
        var order: [SequenceID] = []
        var byJob: [SequenceID: [RowsOutcome]] = [:]
        for outcome in outcomes {
            guard let owner = owners[outcome.sequence] else { continue }
            if byJob[owner] == nil { order.append(owner) }
            byJob[owner, default: []].append(outcome)
        }
        var whole = JobDecision()
        for owner in order {
            let outcomes = byJob[owner] ?? []
            if let error = outcomes.lazy.compactMap(\.error).first {
                fail(owner, error)
                continue
            }
            // Taken out meanwhile, so that its tokens have one holder and are appended in place.
            guard var job = jobs.removeValue(forKey: owner) else { continue }
            let decision = job.accept(outcomes, ids)
            jobs[owner] = job
            if let reason = decision.ending {
                end(owner, reason)
                continue
            }
            for sequence in decision.dropped {
                scheduler.finish(sequence, reason: .stop)
                owners[sequence] = nil
            }
            for branch in decision.branches.values.joined() { owners[branch.id] = owner }
            whole.tokens.merge(decision.tokens) { one, _ in one }
            whole.branches.merge(decision.branches) { one, _ in one }
        }
        return whole
    }

    /// The scheduler takes the tokens of the sequences that go on.
    mutating func commit(_ decision: JobDecision) -> [SchedulerEvent] {
        scheduler.commit(
            decision.tokens.mapValues { $0.map(\.id) }, branches: decision.branches,
            nanoseconds: observer.computed())
    }

    /// The jobs take what the scheduler made of the step, and reply.
    mutating func deliver(_ events: [SchedulerEvent], _ tokens: [SequenceID: [SampledToken]]) {
        let now = observer.committed()
        var tokens = tokens
        for event in events {
            switch event {
            case .token(let id, _, _):
                guard let token = tokens[id]?.removeFirst() else { continue }
                deliver(token, to: id, at: now)
            case .finished(let finished): end(finished, at: now)
            }
        }
    }

    private mutating func deliver(_ token: SampledToken, to sequence: SequenceID, at now: ContinuousClock.Instant) {
        guard let owner = owners[sequence], let appended = jobs[owner]?.append(token, to: sequence, at: now) else {
            return
        }
        if let job = jobs[owner] { observer.appended(appended, job, at: now) }
        // A sequence that has ended with this token has its event next, and its last piece there.
        guard scheduler.sequence(sequence) != nil else { return }
        if let reason = appended.stopReason {
            if let finished = scheduler.finish(sequence, reason: reason) { end(finished, at: now) }
        } else {
            jobs[owner]?.deliver(sequence, at: now)
        }
    }
}
