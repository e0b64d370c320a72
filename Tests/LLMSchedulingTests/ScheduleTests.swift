import LLMScheduling
import Testing

@Suite struct ScheduleTests {
    @Test func `without sequences there is nothing to do`() throws {
        var scheduler = TestScheduler(try makeOptions())
        #expect(scheduler.schedule().isEmpty)
        #expect(scheduler.commit([:]).isEmpty)
    }

    @Test func `a prompt is computed whole, then one token a step`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 20))
        let prompt = scheduler.step(token: 9).batch
        #expect(prompt.tokens == Array(100..<120))
        #expect(prompt.sequences.map(\.positions) == [0..<20])
        #expect(prompt.sequences.map(\.blockTable) == [[0, 1]])
        #expect(prompt.sequences.map(\.needsLogits) == [true])
        #expect(prompt.sequences.map(\.outputIndex) == [0])
        let next = scheduler.step().batch
        #expect(next.tokens == [9])
        #expect(next.sequences.map(\.positions) == [20..<21])
        #expect(next.sequences.map(\.blockTable) == [[0, 1]])
        #expect(next.sequences.map(\.needsLogits) == [true])
        #expect(next.sequences.map(\.outputIndex) == [1])
    }

    @Test func `a long prompt is computed in chunks, and only the last one needs logits`() throws {
        var scheduler = TestScheduler(try makeOptions(budget: 20))
        try scheduler.add(makeRequest(1, prompt: 50))
        let batches = (0..<4).map { _ in scheduler.step().batch }
        #expect(batches.map(\.counts) == [[20], [20], [10], [1]])
        #expect(batches.map(\.logitsCount) == [0, 0, 1, 1])
        #expect(batches.map { $0.sequences[0].blockTable.count } == [2, 3, 4, 4])
        #expect(batches.flatMap(\.tokens) == Array(100..<150) + [7])
    }

    @Test func `running sequences come before waiting ones, and all share the budget`() throws {
        var scheduler = TestScheduler(try makeOptions(budget: 20))
        try scheduler.add(makeRequest(1, prompt: 10))
        scheduler.step()
        try scheduler.add(makeRequest(2, prompt: 15))
        try scheduler.add(makeRequest(3, prompt: 30))
        let batches = (0..<3).map { _ in scheduler.step().batch }
        #expect(batches.map(\.ids) == [[1, 2, 3], [1, 2, 3], [1, 2, 3]])
        #expect(batches.map(\.counts) == [[1, 15, 4], [1, 1, 18], [1, 1, 8]])
        #expect(batches[0].tokens == [7] + (200..<215) + (300..<304))
        #expect(batches[0].sequences.map(\.rows) == [0..<1, 1..<16, 16..<20])
        #expect(batches[0].tokens(of: batches[0].sequences[1]) == ArraySlice(200..<215))
    }

    @Test func `no more run at once than allowed, and the next starts when one ends`() throws {
        var scheduler = TestScheduler(try makeOptions(seqs: 2))
        for id in 1...3 { try scheduler.add(makeRequest(UInt64(id), prompt: 5, maxTokens: id)) }
        #expect(scheduler.step().batch.ids == [1, 2])
        #expect(scheduler.waiting == [3])
        #expect(scheduler.step().batch.ids == [2, 3])
    }

    @Test func `a budget below the number of sequences is no one's starvation`() throws {
        var scheduler = TestScheduler(try makeOptions(budget: 3))
        for id in 1...5 { try scheduler.add(makeRequest(UInt64(id), prompt: 2, maxTokens: 4)) }
        let batches = (0..<20).map { _ in scheduler.step().batch }
        #expect(batches.prefix(3).map(\.ids) == [[1, 2], [1, 2, 3], [1, 2, 3]])
        #expect(batches.prefix(3).map(\.counts) == [[2, 1], [1, 1, 1], [1, 1, 1]])
        #expect(scheduler.scheduler.isEmpty)
    }

    @Test func `every running sequence gets a token in every step, whatever those before it could use`() throws {
        var scheduler = TestScheduler(try makeOptions(budget: 20))
        for id in 1...3 { try scheduler.add(makeRequest(UInt64(id), prompt: id == 3 ? 30 : 8)) }
        #expect(scheduler.schedule().counts == [8, 8, 4])
        // The tokens of the first two are withheld, so these still have their whole prompts to compute.
        #expect(scheduler.commit([:]).isEmpty)
        #expect(scheduler.schedule().counts == [8, 8, 4])
        #expect(scheduler.commit([SequenceID(2): 7]).count == 1)
        #expect(scheduler.schedule().counts == [8, 1, 11])
    }

    @Test func `blocks are taken for exactly the tokens computed`() throws {
        var scheduler = TestScheduler(try makeOptions(budget: 16))
        try scheduler.add(makeRequest(1, prompt: 31))
        let tables = (0..<4).map { _ in scheduler.step().batch.sequences[0].blockTable }
        #expect(tables == [[0], [0, 1], [0, 1], [0, 1, 2]])
        #expect(scheduler.scheduler.usedBlockCount == 3)
        #expect(scheduler.scheduler.freeBlockCount == 97)
    }

    @Test func `a waiting sequence starts only when there is room for its known tokens and the next`() throws {
        var scheduler = TestScheduler(try makeOptions(blocks: 4))
        try scheduler.add(makeRequest(1, prompt: 17, maxTokens: 3))
        try scheduler.add(makeRequest(2, prompt: 32, maxTokens: 3))  // 32 + 1 tokens need 3 blocks, 2 are free
        try scheduler.add(makeRequest(3, prompt: 1, maxTokens: 3))  // would fit, but waits its turn
        #expect((0..<3).map { _ in scheduler.step().batch.ids } == [[1], [1], [1]])
        #expect(scheduler.step().batch.ids == [2, 3])
    }

    @Test func `a batch that was not committed is scheduled again`() throws {
        var scheduler = TestScheduler(try makeOptions(budget: 40))
        try scheduler.add(makeRequest(1, prompt: 30))
        try scheduler.add(makeRequest(2, prompt: 30))
        let first = scheduler.schedule()
        #expect(scheduler.sequence(2)?.scheduledCount == 10)
        let second = scheduler.schedule()
        #expect(second.sequences.map(\.positions) == first.sequences.map(\.positions))
        _ = scheduler.abort(1)
        #expect(scheduler.schedule().sequences.map(\.positions) == [0..<30])
        #expect(scheduler.scheduler.totals.computedTokens == 0)
    }
}
