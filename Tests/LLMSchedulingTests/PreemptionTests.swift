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
        var seen: [(range: Range<Int>, needsLogits: Bool, index: Int)] = []
        var outputs: [UInt64: Int] = [:]
        while !scheduler.scheduler.isEmpty {
            let (batch, events) = scheduler.step()
            for sequence in batch.sequences where sequence.id.value == 2 {
                if scheduler.sequence(2)?.preemptionCount != 0 {
                    seen.append((sequence.positions, sequence.needsLogits, sequence.outputIndex))
                }
            }
            for finished in events.finished { outputs[finished.id.value] = finished.output.count }
        }
        let known = try #require(seen.first { $0.needsLogits }).range.upperBound
        #expect(seen[0].range == 0..<5 && !seen[0].needsLogits)
        #expect(seen[0].index == known - 6, "the output index goes on where it was")
        #expect(seen.filter(\.needsLogits).map(\.index) == Array(known - 6..<8))
        #expect(outputs == [1: 8, 2: 8])
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
        var finished: [UInt64] = []
        while !scheduler.scheduler.isEmpty {
            let (batch, events) = scheduler.step()
            let first = UInt64(finished.count) + 1
            #expect(batch.ids.first == first)
            #expect(!batch.preempted.contains(SequenceID(first)))
            finished += events.finished.map(\.id.value)
        }
        #expect(finished == [1, 2, 3, 4, 5])
    }

    @Test func `tokens computed are those needed and those that preemption threw away`() throws {
        var scheduler = try crowded()
        for id in 3...6 { try scheduler.add(makeRequest(UInt64(id), prompt: 5, maxTokens: 6)) }
        var scheduled = 0
        var needed = 0
        var preemptions = 0
        var preemptionsOfFinished = 0
        while !scheduler.scheduler.isEmpty {
            let (batch, events) = scheduler.step()
            scheduled += batch.tokens.count
            preemptions += batch.preempted.count
            for finished in events.finished {
                needed += finished.tokens.count - 1  // the last token is never computed
                preemptionsOfFinished += finished.preemptionCount
            }
        }
        let totals = scheduler.scheduler.totals
        #expect(totals.preemptions > 0 && totals.discardedTokens > 0)
        #expect(totals.computedTokens == scheduled)
        #expect(totals.computedTokens == needed + totals.discardedTokens)
        #expect(totals.preemptions == preemptions && preemptions == preemptionsOfFinished)
        #expect(totals.admitted == 6 && totals.finished == 6)
    }
}
