import LLMScheduling
import Testing

/// Slots for the states of recurrent layers.
@Suite struct StateSlotTests {
    private func wide(_ id: UInt64, width: Int, together: Bool = false) -> SequenceRequest {
        var request = makeRequest(id, prompt: 6, maxTokens: 8)
        request.width = width
        request.runsTogether = together
        return request
    }

    private func states(_ batch: ScheduledBatch, _ index: Int = 0) throws -> ScheduledStates {
        try #require(batch.sequences[index].states)
    }

    /// The rows after which a step keeps states.
    private func rows(_ batch: ScheduledBatch) throws -> [Int] { try states(batch).writes.map(\.rows) }

    @Test func `a sequence begins without states and then writes to the slot that it reads`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 16, slots: 4))
        try scheduler.add(makeRequest(1, prompt: 5, maxTokens: 4))
        let first = try states(scheduler.step().batch)
        #expect(first.source == nil && first.writes.map(\.rows) == [5])
        for _ in 0..<3 {
            let next = try states(scheduler.step().batch)
            #expect(next.source == first.writes[0].slot)
            #expect(next.writes.map(\.rows) == [1] && next.writes[0].slot == next.source)
        }
        #expect(scheduler.scheduler.isEmpty && scheduler.scheduler.usedStateSlotCount == 0)
    }

    @Test func `a model without states has none`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 5))
        #expect(scheduler.step().batch.sequences[0].states == nil)
        #expect(scheduler.scheduler.usedStateSlotCount == 0 && scheduler.scheduler.snapshotCount == 0)
    }

    @Test func `sequences wait for a slot, and give way for one`() throws {
        var scheduler = TestScheduler(try makeOptions(slots: 2))
        for id: UInt64 in 1...3 { try scheduler.add(makeRequest(id, prompt: 5, maxTokens: 3)) }
        #expect(scheduler.step().batch.ids == [1, 2] && scheduler.waiting == [3])
        // Three samples read one slot and write one each.
        scheduler = TestScheduler(try makeOptions(slots: 2))
        try scheduler.add(wide(1, width: 3))
        _ = scheduler.schedule()
        let branches = (2...3).map { Branch(id: SequenceID($0), token: 9) }
        var inner = scheduler.scheduler
        _ = inner.commit([SequenceID(1): 7], branches: [SequenceID(1): branches])
        let batch = inner.schedule()
        #expect(batch.ids == [1] && batch.preempted.map(\.value) == [3, 2])
        #expect(inner.invariantViolations() == [])
    }

    @Test func `samples read the slot of the prompt and write their own`() throws {
        var scheduler = Scheduler(try makeOptions(slots: 5))
        try scheduler.add(wide(1, width: 3))
        let prompt = try states(scheduler.schedule()).writes[0].slot
        let branches = (2...3).map { Branch(id: SequenceID($0), token: 9) }
        _ = scheduler.commit([SequenceID(1): 7], branches: [SequenceID(1): branches])
        #expect(scheduler.usedStateSlotCount == 1)
        let all = try scheduler.schedule().sequences.map { try #require($0.states) }
        #expect(all.map(\.source) == [prompt, prompt, prompt])
        #expect(Set(all.map { $0.writes[0].slot } + [prompt]).count == 4)
        #expect(scheduler.invariantViolations() == [])
    }

    @Test func `beams can compute a step again, so they write to another slot than they read`() throws {
        var scheduler = Scheduler(try makeOptions(slots: 4))
        try scheduler.add(wide(1, width: 2, together: true))
        _ = scheduler.schedule()
        _ = scheduler.commit([SequenceID(1): 7])
        let batch = scheduler.schedule()
        #expect(try states(batch).source != states(batch).writes[0].slot)
        _ = scheduler.commit([:] as [SequenceID: TokenID])
        #expect(try states(scheduler.schedule()).source == states(batch).source)
        let refused = try #require(throws: AdmissionError.self) {
            try scheduler.add(wide(2, width: 3, together: true))
        }
        #expect(refused.message.contains("3 sequences that run together need 6 slots"))
        #expect(refused.message.contains("there are 4"))
    }

    @Test func `another sequence whose step counts as not computed begins again`() throws {
        var scheduler = Scheduler(try makeOptions(slots: 4))
        try scheduler.add(makeRequest(1, prompt: 5, maxTokens: 4))
        _ = scheduler.schedule()
        // Nothing was overwritten yet.
        #expect(scheduler.schedule().sequences[0].positions == 0..<5)
        _ = scheduler.commit([SequenceID(1): 7])
        #expect(scheduler.schedule().sequences[0].positions == 5..<6)
        _ = scheduler.commit([:] as [SequenceID: TokenID])
        let batch = scheduler.schedule()
        #expect(batch.sequences[0].positions == 0..<6 && batch.tokens.last == 7)
        #expect(try states(batch).source == nil)
        #expect(scheduler.totals.discardedTokens == 5)
    }

    @Test func `drafts are ignored`() throws {
        var scheduler = Scheduler(try makeOptions(slots: 4))
        try scheduler.add(makeRequest(1, prompt: 5, maxTokens: 4))
        _ = scheduler.schedule()
        _ = scheduler.commit([SequenceID(1): 7])
        scheduler.propose(SequenceID(1), [1, 2])
        #expect(scheduler.schedule().tokens == [7])
    }

    // MARK: Snapshots

    private let story = Array(0..<18 as Range<TokenID>)

    private func request(_ id: UInt64, _ prompt: [TokenID], maxTokens: Int = 1) -> SequenceRequest {
        SequenceRequest(id: SequenceID(id), prompt: prompt, maxTokens: maxTokens)
    }

    /// Hybrid models and those without attention.
    private static let groups = [[CacheGroup(blockCount: 40)], []]

    @Test(arguments: groups) func `an equal prompt begins at the last block's border`(groups: [CacheGroup]) throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, groups: groups, slots: 4))
        try scheduler.add(request(1, story))
        #expect(try rows(scheduler.step().batch) == [16, 18])
        #expect(scheduler.scheduler.snapshotCount == 1)
        try scheduler.add(request(2, story))
        let batch = scheduler.schedule()
        #expect(batch.started[0].cachedTokens == 16)
        #expect(batch.sequences[0].positions == 16..<18)
        #expect(try states(batch).source != states(batch).writes[0].slot)
    }

    @Test(arguments: groups) func `the next turn of a chat begins after the answer`(groups: [CacheGroup]) throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, groups: groups, slots: 8))
        try scheduler.add(request(1, story, maxTokens: 12))
        _ = scheduler.drain()
        // Of the output's borders, 20, 24 and 28, the newest alone is kept.
        #expect(scheduler.scheduler.snapshotCount == 2)
        try scheduler.add(request(2, story + Array(repeating: 7, count: 12) + [50, 51, 52]))
        #expect(scheduler.schedule().started[0].cachedTokens == 28)
    }

    @Test(arguments: groups) func `where a prompt parts from an earlier one is a border too`(groups: [CacheGroup])
        throws
    {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, groups: groups, slots: 8))
        var found: [Int] = []
        for id: UInt64 in 1...3 {
            try scheduler.add(request(id, Array(story[..<10]) + Array(repeating: TokenID(id), count: 8)))
            found += scheduler.step().batch.started.map(\.cachedTokens)
        }
        #expect(found == [0, 0, 8])
    }

    @Test func `each chunk of a prompt leaves a snapshot, and gives up the one before first`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, slots: 4, budget: 6))
        try scheduler.add(request(1, story))
        #expect(try rows(scheduler.step().batch) == [4, 6])
        #expect(try rows(scheduler.step().batch) == [6])
        #expect(try rows(scheduler.step().batch) == [4, 6])
        #expect(scheduler.scheduler.snapshotCount == 3)
        // What parts after 12 tokens finds the chunk's border there.
        try scheduler.add(request(2, Array(story[..<13]) + [60]))
        #expect(scheduler.step().batch.started[0].cachedTokens == 12)
    }

    @Test func `the snapshot used longest ago goes first, and sequences go before snapshots`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, slots: 3))
        func cached(_ first: TokenID) throws -> Int? {
            try scheduler.add(request(1, Array(first..<first + 6)))
            return scheduler.step().batch.started.first?.cachedTokens
        }
        #expect(try [cached(0), cached(100), cached(0), cached(200), cached(300)] == [0, 0, 4, 0, 0])
        #expect(try [cached(300), cached(0)] == [4, 0])
        for id: UInt64 in 1...3 { try scheduler.add(makeRequest(id, prompt: 5, maxTokens: 3)) }
        #expect(scheduler.step().batch.ids == [1, 2, 3])
        #expect(scheduler.scheduler.snapshotCount == 0)
    }

    @Test func `a preempted sequence goes on from its last snapshot`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, blocks: 8, slots: 8))
        try scheduler.add(request(1, Array(0..<8), maxTokens: 12))
        try scheduler.add(request(2, Array(100..<111), maxTokens: 9))
        var resumed: [StartedSequence] = []
        while !scheduler.scheduler.isEmpty { resumed += scheduler.step().batch.started.filter(\.isResumed) }
        #expect(resumed.map(\.id.value) == [2])
        #expect(resumed[0].cachedTokens >= 8)
    }

    @Test func `without attention a sequence is as long as the model allows`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, groups: [], slots: 2, budget: 64, length: 5000))
        try scheduler.add(makeRequest(1, prompt: 4900, maxTokens: 100))
        _ = scheduler.drain()
        #expect(scheduler.scheduler.prefixCount.now <= scheduler.scheduler.prefixCount.most)
        #expect(scheduler.scheduler.blockStates.count == 1)
    }
}
