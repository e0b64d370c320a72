import LLMSampling
import LLMScheduling
import LLMTensor
import LLMTokenizer

/// The engine's state, owned by its thread: scheduler, model runner, sampler and the live requests.
struct EngineCore {
    private var scheduler: Scheduler
    private var requests: [SequenceID: RequestState] = [:]
    private let runner: ModelRunner
    private let samplers: RowSamplers
    private let tokenizer: (any Tokenizer)?

    init(_ model: LanguageModel, _ options: SchedulerOptions, _ shape: KVPagesShape) {
        scheduler = Scheduler(options)
        runner = ModelRunner(model, shape, blockCount: options.blockCount)
        samplers = RowSamplers(model.compute.pool)
        tokenizer = model.tokenizer
    }

    /// Whether no request is live.
    var isIdle: Bool { scheduler.isEmpty }

    /// What is in the scheduler now.
    var load: EngineLoad {
        EngineLoad(
            running: scheduler.runningCount, waiting: scheduler.waitingCount, usedBlocks: scheduler.usedBlockCount,
            freeBlocks: scheduler.freeBlockCount, preemptions: scheduler.totals.preemptions)
    }

    /// Computes one step: at most one token for each running sequence.
    mutating func step() {
        let batch = scheduler.schedule()
        let start = ContinuousClock.now
        for sequence in batch.sequences { requests[sequence.id]?.scheduled(at: start) }
        let logits = runner.logits(batch)
        let tokens = sample(batch, logits)
        let events = scheduler.commit(tokens.mapValues(\.id))
        let now = ContinuousClock.now
        for event in events { take(event, tokens, at: now) }
        assert(scheduler.invariantViolations().isEmpty, "\(scheduler.invariantViolations())")
    }

    /// Admits a request, or ends it with the reason why not.
    mutating func add(_ request: EngineRequest) {
        let state = RequestState(request, tokenizer: tokenizer)
        do {
            try scheduler.add(SequenceRequest(id: request.id, prompt: request.prompt, sampling: request.sampling))
            requests[request.id] = state
        } catch {
            state.fail(LLMGenError(error))
        }
    }

    /// Ends a request that its client gave up, or that is to end early; its blocks are free at once.
    mutating func abort(_ id: SequenceID) {
        scheduler.abort(id).map { end($0, withToken: false, at: .now) }
    }

    /// Ends every request with what it has.
    mutating func abortAll() { for id in Array(requests.keys) { abort(id) } }

    /// Fails every request.
    mutating func failAll(_ error: LLMGenError) {
        scheduler.abortAll()
        for state in requests.values { state.fail(error) }
        requests = [:]
    }

    /// Samples all rows on the pool; a row that cannot be sampled ends its request alone.
    private mutating func sample(_ batch: ScheduledBatch, _ logits: Matrix) -> [SequenceID: SampledToken] {
        let ids = batch.sequences.filter(\.needsLogits).map(\.id)
        let rows = ids.map { id in requests[id].map { RowSamplers.Row(parameters: $0.sampling, history: $0.history) } }
        var tokens: [SequenceID: SampledToken] = [:]
        for (id, result) in zip(ids, samplers.sample(rows, logits)) {
            switch result {
            case .success(let token)?: tokens[id] = token
            case .failure(let error)?:
                scheduler.finish(id, reason: .error)
                requests.removeValue(forKey: id)?.fail(LLMGenError(error))
            case nil: break
            }
        }
        return tokens
    }

    private mutating func take(
        _ event: SchedulerEvent, _ tokens: [SequenceID: SampledToken], at now: ContinuousClock.Instant
    ) {
        switch event {
        case .token(let id, _, _):
            guard let token = tokens[id] else { return }
            requests[id]?.append(token, at: now)
            // A sequence that has ended with this token has its event next, and its last piece there.
            guard scheduler.sequence(id) != nil else { return }
            if requests[id]?.isStopped == true {
                scheduler.finish(id, reason: .stop).map { end($0, withToken: true, at: now) }
            } else {
                requests[id]?.flush(at: now)
            }
        case .finished(let sequence): end(sequence, withToken: true, at: now)
        }
    }

    private mutating func end(_ sequence: FinishedSequence, withToken: Bool, at now: ContinuousClock.Instant) {
        guard var state = requests.removeValue(forKey: sequence.id) else { return }
        state.finish(sequence.reason, withToken: withToken, preemptions: sequence.preemptionCount, at: now)
    }
}

extension SequenceRequest {
    init(id: SequenceID, prompt: [TokenID], sampling: ResolvedSampling) {
        self.init(
            id: id, prompt: prompt, maxTokens: sampling.maxTokens, minTokens: sampling.minTokens,
            stopTokens: sampling.endTokenIDs)
    }
}

/// How full an engine is.
public struct EngineLoad: Sendable, Hashable {
    /// Sequences that have blocks.
    public let running: Int
    /// Sequences that wait for room.
    public let waiting: Int
    /// Blocks in use.
    public let usedBlocks: Int
    /// Blocks free.
    public let freeBlocks: Int
    /// Preemptions since the start.
    public let preemptions: Int
}
