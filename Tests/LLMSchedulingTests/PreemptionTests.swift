import LLMScheduling
import Testing

@Suite struct PreemptionTests {
    /// Two sequences of which only one fits in 4 blocks of 4 to its end; in step 4 the first needs a third block.
    private func crowded(budget: Int = 100) throws -> TestScheduler {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, blocks: 4, budget: budget))
        try scheduler.add(makeRequest(1, prompt: 6, maxTokens: 8))
        try scheduler.add(makeRequest(2, prompt: 6, maxTokens: 8))
        return scheduler
    }

    @Test func `when blocks run out the last to arrive gives all of its up, and waits in front`() throws {
        var scheduler = try crowded()
        try scheduler.add(makeRequest(3, prompt: 1))
        for _ in 0..<3 { #expect(scheduler.step().batch.preempted.isEmpty) }
        let batch = scheduler.step().batch
        #expect(batch.preempted == [SequenceID(2)])
        #expect(batch.ids == [1])
        #expect(scheduler.running == [1] && scheduler.waiting == [2, 3])
        #expect(scheduler.sequence(2)?.computedCount == 0)
        #expect(scheduler.sequence(2)?.blockTable == [])
        #expect(scheduler.sequence(2)?.tokens.count == 9)
        #expect(scheduler.sequence(2)?.preemptionCount == 1)
    }

    @Test func `a preempted sequence computes prompt and output again, in chunks, before its next token`() throws {
        var scheduler = try crowded(budget: 5)
        let steps = scheduler.drain()
        let preempting = try #require(steps.firstIndex { $0.batch.preempted == [SequenceID(2)] })
        let again = steps[preempting...].flatMap(\.batch.sequences).filter { $0.id.value == 2 }
        let known = try #require(again.first { $0.needsLogits }).positions.upperBound
        #expect(known > 6, "it had output when it was preempted")
        #expect(again[0].positions == 0..<5 && !again[0].needsLogits)
        #expect(again[0].outputIndex == known - 6)
        #expect(again.filter(\.needsLogits).map(\.outputIndex) == Array(known - 6..<8))
        #expect(steps.flatMap(\.events.finished).map(\.output.count) == [8, 8])
    }

    @Test func `the sequence that asks for a block is preempted itself when it is the last`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, blocks: 4))
        try scheduler.add(makeRequest(1, prompt: 4, maxTokens: 8))
        try scheduler.add(makeRequest(2, prompt: 6, maxTokens: 8))
        let batches = (0..<4).map { _ in scheduler.step().batch }
        #expect(batches.map(\.preempted) == [[], [], [], [SequenceID(2)]])
        #expect(batches.map(\.ids) == [[1, 2], [1, 2], [1, 2], [1]])
    }

    @Test func `a step that preempts starts nobody`() throws {
        var scheduler = try crowded()
        for _ in 0..<3 { scheduler.step() }
        try scheduler.add(makeRequest(3, prompt: 1, maxTokens: 1))
        #expect(scheduler.step().batch.ids == [1])
    }

    @Test func `a preempted sequence can be ended while it waits`() throws {
        var scheduler = try crowded()
        for _ in 0..<4 { scheduler.step() }
        let finished = scheduler.abort(2)
        #expect(finished?.preemptionCount == 1)
        #expect(finished?.output.count == 3)
        #expect(scheduler.running == [1] && scheduler.waiting.isEmpty)
    }

    @Test func `the first in line is never preempted, and the whole pool is its to use`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, blocks: 8))
        try scheduler.add(makeRequest(1, prompt: 3, maxTokens: 29))
        for id in 2...5 { try scheduler.add(makeRequest(UInt64(id), prompt: 3, maxTokens: 29)) }
        var first: UInt64 = 1
        for (batch, events) in scheduler.drain() {
            #expect(batch.ids.first == first)
            #expect(!batch.preempted.contains(SequenceID(first)))
            for finished in events.finished {
                #expect(finished.id.value == first)
                first += 1
            }
        }
        #expect(first == 6)
    }

    @Test func `tokens computed are those needed and those thrown away that no cache had kept`() throws {
        var scheduler = try crowded()
        for id in 3...6 { try scheduler.add(makeRequest(UInt64(id), prompt: 5, maxTokens: 6)) }
        let steps = scheduler.drain()
        let finished = steps.flatMap(\.events.finished)
        let totals = scheduler.scheduler.totals
        #expect(totals.preemptions > 0 && totals.discardedTokens > 0)
        let needed = finished.reduce(0) { $0 + $1.tokens.count - 1 }  // a last token is never computed
        #expect(totals.computedTokens == steps.reduce(0) { $0 + $1.batch.tokens.count })
        #expect(totals.computedTokens + totals.cachedTokens == needed + totals.discardedTokens)
        #expect(totals.preemptions == steps.reduce(0) { $0 + $1.batch.preempted.count })
        #expect(totals.preemptions == finished.reduce(0) { $0 + $1.preemptionCount })
        #expect(totals.admitted == 6 && totals.finished == 6)
    }
}
