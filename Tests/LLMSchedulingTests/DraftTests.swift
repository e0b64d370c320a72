import LLMScheduling
import Testing

/// Tentative tokens: computed ahead, accepted or taken back.
@Suite struct DraftTests {
    private let one = SequenceID(1)

    /// A sequence with 3 prompt tokens and the output token 8.
    private func decoding(
        _ options: SchedulerOptions, maxTokens: Int? = nil, stop: Set<TokenID> = []
    ) throws -> Scheduler {
        var scheduler = Scheduler(options)
        try scheduler.add(makeRequest(1, prompt: 3, maxTokens: maxTokens, stop: stop))
        _ = scheduler.schedule()
        _ = scheduler.commit([one: 8])
        return scheduler
    }

    @Test func `a step computes the draft after the last known token, and each of its rows yields a token`() throws {
        var scheduler = try decoding(try makeOptions())
        scheduler.propose(one, [20, 21, 22])
        #expect(scheduler.sequence(one)?.draft == [20, 21, 22])
        let batch = scheduler.schedule()
        #expect(batch.tokens == [8, 20, 21, 22])
        #expect(batch.sequences.map(\.positions) == [3..<7])
        #expect(batch.sequences.map(\.draftCount) == [3])
        #expect(batch.sequences.map(\.tokenLogits) == [0..<4])
        #expect(batch.sequences.map(\.outputIndex) == [1])
        #expect(batch.logitsCount == 1 && batch.work.rows == 4 && batch.work.outputs == 4)
    }

    @Test(
        arguments: [
            ([20, 21, 22, 9], [20, 21, 22, 9]),  // all of it
            ([20, 21, 9], [20, 21, 9]),  // two of three
            ([20, 21], [20, 21]),  // right, but no more is wanted
            ([9], [9]),
            ([20, 9, 22, 23], [20, 9]),  // what follows a wrong one was computed after another
            ([9, 21], [9]),
            ([20, 21, 22, 9, 10], [20, 21, 22, 9]),  // more than there are rows
        ] as [([TokenID], [TokenID])])
    func `what is committed is known as far as the draft was right, and one token more`(
        committed: [TokenID], known: [TokenID]
    ) throws {
        var scheduler = try decoding(try makeOptions())
        scheduler.propose(one, [20, 21, 22])
        _ = scheduler.schedule()
        let events = scheduler.commit([one: committed])
        #expect(events == known.enumerated().map { .token(one, $1, index: $0 + 1) })
        #expect(scheduler.sequence(one)?.tokens == [100, 101, 102, 8] + known)
        #expect(scheduler.sequence(one)?.computedCount == 3 + known.count)
        #expect(scheduler.sequence(one)?.draft == [])
        #expect(scheduler.totals.computedTokens == 3 + 4)
        #expect(scheduler.totals.draftedTokens == 3 && scheduler.totals.rejectedTokens == 4 - known.count)
        #expect(scheduler.invariantViolations() == [])
        #expect(scheduler.schedule().tokens == known.suffix(1))
    }

    @Test func `blocks of what was rejected are free, and only what was accepted is cached`() throws {
        for (committed, blocks, cached) in [([9], 1, 1), ([20, 21, 9], 2, 1), ([20, 21, 22, 23, 24, 25, 9], 3, 2)]
            as [([TokenID], Int, Int)]
        {
            var scheduler = try decoding(try makeOptions(blockSize: 4))
            scheduler.propose(one, [20, 21, 22, 23, 24, 25])
            #expect(scheduler.schedule().sequences[0].blockTables[0].count == 3)
            _ = scheduler.commit([one: committed])
            #expect(scheduler.usedBlockCount == blocks && scheduler.cachedBlockCount == cached)
            #expect(scheduler.invariantViolations() == [])
        }
    }

    @Test func `a stop token within the draft ends the sequence, and nothing after it is known`() throws {
        var scheduler = try decoding(try makeOptions(), stop: [21])
        scheduler.propose(one, [20, 21, 22])
        _ = scheduler.schedule()
        let events = scheduler.commit([one: [20, 21, 22, 9]])
        #expect(events.count == 3 && events[1] == .token(one, 21, index: 2))
        #expect(events.finished.map(\.output) == [[8, 20, 21]] && events.finished.map(\.reason) == [.stop])
        #expect(scheduler.isEmpty && scheduler.usedBlockCount == 0)
        #expect(scheduler.invariantViolations() == [])
    }

    @Test func `a draft is as long as the length limit can use`() throws {
        var scheduler = try decoding(try makeOptions(), maxTokens: 4)
        scheduler.propose(one, [20, 21, 22, 23])
        #expect(scheduler.schedule().sequences.map(\.draftCount) == [2])
        let events = scheduler.commit([one: [20, 21, 22]])
        #expect(events.finished.map(\.output) == [[8, 20, 21, 22]] && events.finished.map(\.reason) == [.length])
    }

    @Test func `a draft takes what the budget leaves after a token for each of the others`() throws {
        var scheduler = Scheduler(try makeOptions(budget: 4))
        for id: UInt64 in 1...2 { try scheduler.add(makeRequest(id, prompt: 2)) }
        _ = scheduler.schedule()
        _ = scheduler.commit([one: 7, SequenceID(2): 7])
        for id: UInt64 in 1...2 { scheduler.propose(SequenceID(id), [20, 21, 22, 23, 24]) }
        let batch = scheduler.schedule()
        #expect(batch.counts == [3, 1] && batch.sequences.map(\.draftCount) == [2, 0])
    }

    @Test(arguments: [(3, 1), (4, 5), (5, 7)])
    func `a draft takes no block that another sequence may need in the step`(blocks: Int, count: Int) throws {
        var scheduler = Scheduler(try makeOptions(blockSize: 4, blocks: blocks))
        for id: UInt64 in 1...2 { try scheduler.add(makeRequest(id, prompt: 3)) }
        _ = scheduler.schedule()
        _ = scheduler.commit([one: 7, SequenceID(2): 7])
        scheduler.propose(one, [20, 21, 22, 23, 24, 25])
        #expect(scheduler.schedule().counts == [count, 1])
    }

    @Test func `a draft is dropped when its sequence is preempted`() throws {
        var scheduler = Scheduler(try makeOptions(blockSize: 4, blocks: 4))
        for id: UInt64 in 1...2 { try scheduler.add(makeRequest(id, prompt: 7, maxTokens: 8)) }
        for _ in 0..<2 {
            _ = scheduler.schedule()
            _ = scheduler.commit([one: 7, SequenceID(2): 7])
        }
        scheduler.propose(SequenceID(2), [20])
        #expect(scheduler.schedule().preempted == [SequenceID(2)])
        #expect(scheduler.sequence(SequenceID(2))?.draft == [])
        #expect(scheduler.invariantViolations() == [])
    }

    @Test func `only a running sequence that continues its output, and is not in flight, gets a draft`() throws {
        var scheduler = Scheduler(try makeOptions(seqs: 1, budget: 4))
        try scheduler.add(makeRequest(1, prompt: 6))
        try scheduler.add(makeRequest(2, prompt: 6))
        for id: UInt64 in 1...3 { scheduler.propose(SequenceID(id), [20]) }
        _ = scheduler.schedule()
        _ = scheduler.commit([:] as [SequenceID: [TokenID]])
        scheduler.propose(one, [20])
        #expect(scheduler.schedule().counts == [2])
        _ = scheduler.commit([one: 7])
        _ = scheduler.schedule()
        scheduler.propose(one, [20])
        #expect(scheduler.sequence(one)?.draft == [])
        _ = scheduler.commit([one: 7])
        scheduler.propose(one, [20])
        #expect(scheduler.schedule().counts == [2])
    }

    @Test func `a draft whose step has no token here is computed again, and a new one takes its place`() throws {
        var scheduler = try decoding(try makeOptions())
        scheduler.propose(one, [20, 21])
        let first = scheduler.schedule()
        #expect(scheduler.schedule().tokens == first.tokens)
        #expect(scheduler.commit([one: [] as [TokenID]]).isEmpty)
        #expect(scheduler.sequence(one)?.computedCount == 3)
        #expect(scheduler.schedule().tokens == [8, 20, 21])
        _ = scheduler.commit([:] as [SequenceID: [TokenID]])
        scheduler.propose(one, [30])
        #expect(scheduler.schedule().tokens == [8, 30])
        #expect(scheduler.totals.draftedTokens == 0 && scheduler.totals.computedTokens == 3)
    }
}
