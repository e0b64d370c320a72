import LLMScheduling
import Testing

/// Limits wide enough to be out of the way, unless a test names them; one cache group with full attention, unless it
/// names those; no states.
func makeOptions(
    blockSize: Int = 16, blocks: Int = 100, groups: [CacheGroup]? = nil, slots: Int = 0, seqs: Int = 100,
    budget: Int = 1000, length: Int = 1000
) throws -> SchedulerOptions {
    try SchedulerOptions(
        anyBlockSize: blockSize, groups: groups ?? [CacheGroup(blockCount: blocks)], stateSlots: slots,
        maxNumSeqs: seqs, maxNumBatchedTokens: budget, maxModelLength: length)
}

func makeRequest(
    _ id: UInt64, prompt: Int, maxTokens: Int? = nil, minTokens: Int = 0, stop: Set<TokenID> = []
) -> SequenceRequest {
    SequenceRequest(
        id: SequenceID(id), prompt: (0..<TokenID(prompt)).map { $0 + 100 * TokenID(id) }, maxTokens: maxTokens,
        minTokens: minTokens, stopTokens: stop)
}

/// A scheduler whose invariants are checked after every call, driven by one token for all.
struct TestScheduler {
    private(set) var scheduler: Scheduler

    init(_ options: SchedulerOptions) { scheduler = Scheduler(options) }

    mutating func add(_ request: SequenceRequest) throws {
        try scheduler.add(request)
        check()
    }

    mutating func schedule() -> ScheduledBatch {
        let batch = scheduler.schedule()
        check()
        return batch
    }

    mutating func commit(_ tokens: [SequenceID: TokenID]) -> [SchedulerEvent] {
        let events = scheduler.commit(tokens)
        check()
        return events
    }

    mutating func finish(_ id: UInt64, reason: FinishReason) -> FinishedSequence? {
        let finished = scheduler.finish(SequenceID(id), reason: reason)
        check()
        return finished
    }

    mutating func abort(_ id: UInt64) -> FinishedSequence? {
        let finished = scheduler.abort(SequenceID(id))
        check()
        return finished
    }

    mutating func abortAll() -> [FinishedSequence] {
        let finished = scheduler.abortAll()
        check()
        return finished
    }

    /// One step in which every sequence that needs one gets the same token.
    @discardableResult
    mutating func step(token: TokenID = 7) -> (batch: ScheduledBatch, events: [SchedulerEvent]) {
        let batch = schedule()
        let needing = batch.sequences.filter(\.needsLogits).map { ($0.id, token) }
        return (batch, commit(Dictionary(uniqueKeysWithValues: needing)))
    }

    /// Steps until no sequence is live.
    mutating func drain() -> [(batch: ScheduledBatch, events: [SchedulerEvent])] {
        var steps: [(batch: ScheduledBatch, events: [SchedulerEvent])] = []
        while !scheduler.isEmpty && steps.count < 1000 { steps.append(step()) }
        #expect(scheduler.isEmpty, "sequences are live after 1000 steps")
        return steps
    }

    func sequence(_ id: UInt64) -> SequenceState? { scheduler.sequence(SequenceID(id)) }
    var running: [UInt64] { scheduler.runningIDs.map(\.value) }
    var waiting: [UInt64] { scheduler.waitingIDs.map(\.value) }

    private func check() {
        #expect(scheduler.invariantViolations() == [])
    }
}

extension ScheduledBatch {
    var ids: [UInt64] { sequences.map(\.id.value) }
    var counts: [Int] { sequences.map(\.positions.count) }
}

extension [SchedulerEvent] {
    var finished: [FinishedSequence] {
        compactMap { if case .finished(let finished) = $0 { finished } else { nil } }
    }
}

extension Scheduler {
    /// Takes one token of each sequence that goes on.
    mutating func commit(
        _ tokens: [SequenceID: TokenID], branches: [SequenceID: [Branch]] = [:], nanoseconds: Int64? = nil
    ) -> [SchedulerEvent] {
        commit(tokens.mapValues { [$0] }, branches: branches, nanoseconds: nanoseconds)
    }
}

extension SequenceState {
    /// The table of the first cache group.
    var blockTable: [BlockID] { blockTables[0] }
}

extension ScheduledSequence {
    /// The table of the first cache group.
    var blockTable: [BlockID] { blockTables[0] }
}
