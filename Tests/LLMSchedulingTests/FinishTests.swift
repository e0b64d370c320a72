import LLMScheduling
import Testing

@Suite struct FinishTests {
    @Test func `a stop string that the caller matched ends the sequence and frees its blocks at once`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 20))
        try scheduler.add(makeRequest(2, prompt: 20))
        scheduler.step(token: 9)
        let finished = scheduler.finish(1, reason: .stop)
        #expect(finished?.reason == .stop && finished?.output == [9])
        #expect(scheduler.scheduler.usedBlockCount == 2)
        #expect(scheduler.step().batch.ids == [2])
    }

    @Test func `a waiting sequence can be aborted`() throws {
        var scheduler = TestScheduler(try makeOptions(seqs: 1))
        for id in 1...4 { try scheduler.add(makeRequest(UInt64(id), prompt: 5)) }
        scheduler.step()
        #expect(scheduler.abort(3)?.reason == .abort)
        #expect(scheduler.running == [1] && scheduler.waiting == [2, 4])
    }

    @Test func `an id that is not live is no sequence to end`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 5))
        #expect(scheduler.abort(2) == nil)
        #expect(scheduler.abort(1) != nil)
        #expect(scheduler.abort(1) == nil)
        #expect(scheduler.finish(1, reason: .error) == nil)
    }

    @Test func `a sequence aborted between schedule and commit is out of the step`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 20))
        try scheduler.add(makeRequest(2, prompt: 20))
        _ = scheduler.schedule()
        #expect(scheduler.abort(1)?.tokens.count == 20)
        #expect(scheduler.scheduler.usedBlockCount == 2)
        let tokens: [SequenceID: TokenID] = [SequenceID(1): 7, SequenceID(2): 7]
        #expect(scheduler.commit(tokens) == [.token(SequenceID(2), 7, index: 0)])
    }

    @Test func `a new sequence under the id of one aborted within the step does not get its token`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 20))
        _ = scheduler.schedule()
        _ = scheduler.abort(1)
        try scheduler.add(makeRequest(1, prompt: 3))
        #expect(scheduler.commit([SequenceID(1): 7]).isEmpty)
        #expect(scheduler.sequence(1)?.tokens == [100, 101, 102])
    }

    @Test func `a sequence added between schedule and commit waits for the next step`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 2))
        _ = scheduler.schedule()
        try scheduler.add(makeRequest(2, prompt: 2))
        #expect(scheduler.commit([SequenceID(1): 7, SequenceID(2): 7]).count == 1)
        #expect(scheduler.step().batch.ids == [1, 2])
    }

    @Test func `all sequences are aborted in order of arrival, and every block is free`() throws {
        var scheduler = TestScheduler(try makeOptions(seqs: 2))
        for id in [8, 2, 5] as [UInt64] { try scheduler.add(makeRequest(id, prompt: 20)) }
        scheduler.step()
        #expect(scheduler.abortAll().map(\.id.value) == [8, 2, 5])
        #expect(scheduler.scheduler.isEmpty && scheduler.scheduler.freeBlockCount == 100)
        #expect(scheduler.schedule().isEmpty)
    }
}
