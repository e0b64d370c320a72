import LLMSampling
import LLMScheduling
import LLMTensor
import LLMTokenizer

/// The engine's state, owned by its thread: scheduler, model runner, samplers and the live requests.
struct EngineCore {
    var scheduler: Scheduler
    var requests: [SequenceID: RequestState] = [:]  // by their first sequence
    var searches: [SequenceID: BeamSearchState] = [:]  // by their first sequence
    var embeddings: [SequenceID: EmbeddingState] = [:]  // by their sequence
    var owners: [SequenceID: SequenceID] = [:]  // of each live sequence the first one of its request
    /// Whether new requests are admitted; not while draining.
    var acceptsRequests = true
    let runner: ModelRunner
    let samplers: RowSamplers
    let tokenizer: (any Tokenizer)?
    let eosTokens: [TokenID]
    let ids: SequenceIDs
    let start: ContinuousClock.Instant
    let watch: EngineWatch
    private var subscribers: [AsyncStream<EngineEvent>.Continuation] = []

    init(
        _ model: LanguageModel, _ options: SchedulerOptions, _ dtype: KVCacheDtype, _ ids: SequenceIDs,
        _ watch: EngineWatch
    ) {
        scheduler = Scheduler(options)
        runner = ModelRunner(model, options, dtype)
        samplers = RowSamplers(model.compute.pool)
        tokenizer = model.tokenizer
        eosTokens = model.eosTokens
        self.ids = ids
        self.watch = watch
        start = .now
    }

    /// Whether no request is live.
    var isIdle: Bool { scheduler.isEmpty }

    /// Computes one step: at most one token for each running sequence.
    mutating func step() {
        let begin = ContinuousClock.now
        let batch = scheduler.schedule()
        note(batch, at: begin)
        let drawn = settle(batch, compute(batch))
        let before = scheduler.totals
        let duration = (ContinuousClock.now - begin).nanoseconds
        let events = scheduler.commit(
            drawn.tokens.mapValues { [$0.id] }, branches: drawn.branches, nanoseconds: duration)
        let now = ContinuousClock.now
        for event in events { take(event, drawn.tokens, at: now) }
        watch.metrics.step(
            rows: batch.tokens.count, durationNanoseconds: duration,
            overTarget: scheduler.totals.stepsOverTarget > before.stepsOverTarget, at: now)
        let recomputed = scheduler.totals.recomputedTokens - before.recomputedTokens
        if recomputed > 0 { watch.metrics.recomputed(tokens: recomputed) }
        assert(scheduler.invariantViolations().isEmpty, "\(scheduler.invariantViolations())")
    }

    /// Computes a batch and works on its output rows. The tasks, which share the requests' tokens, end with this call, so
    /// that tokens are appended in place afterwards.
    private mutating func compute(_ batch: ScheduledBatch) -> [Result<RowSamplers.Outcome, SamplingError>?] {
        let tasks = batch.sequences.flatMap { self.tasks($0) }
        var outcomes: [Result<RowSamplers.Outcome, SamplingError>?] = []
        runner.run(
            batch, states: { take($1, $0) }, logits: { outcomes += samplers.run(tasks[$0], $1) })
        return outcomes
    }

    /// Tells those who watch how full the engine is.
    func report() {
        watch.metrics.gauges(
            running: scheduler.runningCount, waiting: scheduler.waitingCount, usedBlocks: scheduler.usedBlockCount,
            cachedBlocks: scheduler.cachedFreeBlockCount)
    }

    /// Forgets every cached prefix.
    mutating func resetPrefixCache() { scheduler.resetPrefixCache() }

    // MARK: Events

    /// Sends all further events to `continuation`.
    mutating func subscribe(_ continuation: AsyncStream<EngineEvent>.Continuation) {
        subscribers.append(continuation)
    }

    /// Tells the subscribers what happened to a sequence.
    mutating func tell(
        _ kind: EngineEvent.Kind, _ id: SequenceID, _ options: RequestOptions?, sample: Int = 0,
        at now: ContinuousClock.Instant = .now
    ) {
        guard !subscribers.isEmpty else { return }
        let event = EngineEvent(request: id.value, name: options?.name, sample: sample, kind: kind, instant: now)
        subscribers.removeAll { subscriber in
            if case .terminated = subscriber.yield(event) { true } else { false }
        }
    }

    private mutating func note(_ batch: ScheduledBatch, at now: ContinuousClock.Instant) {
        for sequence in batch.preempted {
            guard let owner = owners[sequence] else { continue }
            watch.metrics.preempted()
            tell(.preempted, owner, options(of: owner), sample: sample(sequence, owner), at: now)
        }
        for started in batch.started {
            guard let owner = owners[started.id] else { continue }
            requests[owner]?.started(started, at: now)
            searches[owner]?.started(started, at: now)
            embeddings[owner]?.started(at: now)
            tell(
                .scheduled(cachedTokens: started.cachedTokens), owner, options(of: owner),
                sample: sample(started.id, owner), at: now)
            if let state = scheduler.sequence(started.id), !started.isResumed, state.readsPrefixCache,
                scheduler.options.prefixCaching
            {
                watch.metrics.lookedUp(tokens: state.promptCount, found: state.cachedPromptCount ?? 0)
            }
        }
    }

    /// The options of the live request whose first sequence is `owner`.
    func options(of owner: SequenceID) -> RequestOptions? {
        requests[owner]?.request.options ?? searches[owner]?.request.options ?? embeddings[owner]?.request.options
    }

    /// Which sample of the request a sequence is.
    func sample(_ sequence: SequenceID, _ owner: SequenceID) -> Int {
        requests[owner] == nil ? 0 : Int(sequence.value - owner.value)
    }
}
