import LLMSampling
import LLMScheduling
import LLMTensor

/// The engine's state, owned by its thread: scheduler, model runner, samplers and the live jobs.
struct EngineCore {
    var scheduler: Scheduler
    var jobs: [SequenceID: any EngineJob] = [:]  // by their number
    var owners: [SequenceID: SequenceID] = [:]  // of each live sequence the number of its job
    /// Whether new requests are admitted; not while draining.
    var acceptsRequests = true
    var observer: EngineObserver
    let runner: ModelRunner
    let samplers: RowSamplers
    let ids: SequenceIDs
    let start: ContinuousClock.Instant

    init(
        _ model: LanguageModel, _ options: SchedulerOptions, _ dtype: KVCacheDtype, _ ids: SequenceIDs,
        _ watch: EngineWatch
    ) {
        scheduler = Scheduler(options)
        runner = ModelRunner(model, options, dtype)
        samplers = RowSamplers(model.compute.pool)
        observer = EngineObserver(watch, scheduler.totals)
        self.ids = ids
        start = .now
    }

    /// Whether no request is live.
    var isIdle: Bool { scheduler.isEmpty }

    /// Computes one step: at most one token for each running sequence.
    private mutating func step() {
        let batch = schedule()
        let outcomes = compute(batch)
        let decision = accept(outcomes)
        let events = commit(decision)
        deliver(events, decision.tokens)
    }

    /// Computes one step under the clock and the counters of the observer.
    mutating func observedStep() {
        observer.beginStep(scheduler.totals)
        step()
        observer.endStep(scheduler.totals)
        assert(scheduler.invariantViolations().isEmpty, "\(scheduler.invariantViolations())")
    }

    /// Reports how full the engine is.
    func report() { observer.report(scheduler) }

    /// Forgets every cached prefix.
    mutating func resetPrefixCache() { scheduler.resetPrefixCache() }
}
