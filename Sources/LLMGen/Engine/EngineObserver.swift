import LLMScheduling

/// Watches the engine's thread: the clock of its steps, its metrics, and the subscribers to its events.
struct EngineObserver {
    let watch: EngineWatch
    /// When the step in progress began.
    private(set) var stepBegin = ContinuousClock.now
    private var stepCommit = ContinuousClock.now
    private var stepNanoseconds: Int64 = 0
    private var (stepRows, stepPromptRows) = (0, 0)
    private var totals: SchedulerTotals  // before the step
    private var subscribers: [AsyncStream<EngineEvent>.Continuation] = []

    init(_ watch: EngineWatch, _ totals: SchedulerTotals) {
        self.watch = watch
        self.totals = totals
    }

    private var metrics: MetricsRecorder { watch.metrics }

    // MARK: Steps

    mutating func beginStep(_ totals: SchedulerTotals) {
        stepBegin = .now
        self.totals = totals
    }

    mutating func scheduled(_ batch: ScheduledBatch) {
        (stepRows, stepPromptRows) = (batch.tokens.count, batch.promptWork.rows)
    }

    /// All rows are computed and accepted. Returns the nanoseconds since the step began.
    mutating func computed() -> Int64 {
        stepNanoseconds = (ContinuousClock.now - stepBegin).nanoseconds
        return stepNanoseconds
    }

    /// The step is committed. Returns when: the instant of its tokens.
    mutating func committed() -> ContinuousClock.Instant {
        stepCommit = .now
        return stepCommit
    }

    func endStep(_ now: SchedulerTotals) {
        metrics.step(
            rows: stepRows, promptRows: stepPromptRows, durationNanoseconds: stepNanoseconds,
            overTarget: now.stepsOverTarget > totals.stepsOverTarget, at: stepCommit)
        let recomputed = now.recomputedTokens - totals.recomputedTokens
        if recomputed > 0 { metrics.recomputed(tokens: recomputed) }
    }

    func report(_ scheduler: Scheduler) {
        metrics.gauges(
            running: scheduler.runningCount, waiting: scheduler.waitingCount, usedBlocks: scheduler.usedBlockCount,
            cachedBlocks: scheduler.cachedFreeBlockCount, usedStateSlots: scheduler.usedStateSlotCount,
            snapshots: scheduler.snapshotCount)
    }

    // MARK: Jobs

    mutating func refused(_ job: any EngineJob) {
        metrics.rejected()
        publish(.refused, job)
    }

    mutating func preempted(_ job: any EngineJob, _ sequence: SequenceID) {
        metrics.preempted()
        publish(.preempted, job, sample: job.sample(of: sequence), at: stepBegin)
    }

    mutating func started(
        _ job: any EngineJob, _ started: StartedSequence, _ state: SequenceState, cachesPrefixes: Bool
    ) {
        publish(
            .scheduled(cachedTokens: started.cachedTokens), job, sample: job.sample(of: started.id), at: stepBegin)
        if !started.isResumed, state.readsPrefixCache, cachesPrefixes {
            metrics.lookedUp(tokens: state.promptCount, found: state.cachedPromptCount ?? 0)
        }
    }

    func appended(_ token: AppendedToken, _ job: any EngineJob, at now: ContinuousClock.Instant) {
        if token.isFirst {
            metrics.firstToken(
                nanosecondsSinceArrival: (now - job.ticket.arrival).nanoseconds,
                promptTokens: job.ticket.prompt.count, cachedTokens: job.ticket.cachedTokens)
        } else {
            metrics.token(gapNanoseconds: token.gapNanoseconds)
        }
    }

    func finished(_ job: any EngineJob, at now: ContinuousClock.Instant) {
        let measures = job.measures(at: now)
        let promptTokens = job.ticket.prompt.count
        if measures.countsPrompt { metrics.computed(promptTokens: promptTokens) }
        metrics.finished(
            measures.reason, queueSeconds: job.ticket.queueSeconds(at: now),
            prefillSeconds: measures.prefillSeconds, decodeSeconds: measures.decodeSeconds,
            totalSeconds: (now - job.ticket.arrival).seconds, promptTokens: promptTokens,
            generationTokens: measures.generationTokens)
    }

    // MARK: Events

    /// Sends all further events to `continuation`.
    mutating func subscribe(_ continuation: AsyncStream<EngineEvent>.Continuation) {
        subscribers.append(continuation)
    }

    /// Sends the subscribers an event of a job.
    mutating func publish(
        _ kind: EngineEvent.Kind, _ job: any EngineJob, sample: Int = 0, at now: ContinuousClock.Instant = .now
    ) {
        guard !subscribers.isEmpty else { return }
        let event = EngineEvent(
            request: job.ticket.id.value, name: job.ticket.options.name, sample: sample, kind: kind, instant: now)
        subscribers.removeAll { subscriber in
            if case .terminated = subscriber.yield(event) { true } else { false }
        }
    }
}
