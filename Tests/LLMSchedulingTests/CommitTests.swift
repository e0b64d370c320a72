import LLMScheduling
import Testing

@Suite struct CommitTests {
    private let one = SequenceID(1)

    @Test func `a token is reported with its index in the output, and known from then on`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 3))
        #expect(scheduler.step(token: 8).events == [.token(one, 8, index: 0)])
        #expect(scheduler.step(token: 9).events == [.token(one, 9, index: 1)])
        #expect(scheduler.sequence(1)?.tokens == [100, 101, 102, 8, 9])
        #expect(scheduler.sequence(1)?.computedCount == 4)
        #expect(scheduler.sequence(1)?.outputCount == 2)
    }

    @Test func `a chunk that ends before the prompt does yields nothing`() throws {
        var scheduler = TestScheduler(try makeOptions(budget: 4))
        try scheduler.add(makeRequest(1, prompt: 6))
        _ = scheduler.schedule()
        #expect(scheduler.commit([one: 8]).isEmpty)
        #expect(scheduler.sequence(1)?.computedCount == 4)
        #expect(scheduler.sequence(1)?.tokens.count == 6)
    }

    @Test func `a stop token ends the sequence, is its last token, and frees its blocks`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 20, stop: [5, 6]))
        #expect(scheduler.step(token: 7).events.finished.isEmpty)
        let events = scheduler.step(token: 6).events
        #expect(events.first == .token(one, 6, index: 1))
        #expect(events.finished.map(\.reason) == [.stop])
        #expect(events.finished.map(\.output) == [[7, 6]])
        #expect(events.finished.map(\.promptCount) == [20])
        #expect(scheduler.scheduler.usedBlockCount == 0 && scheduler.scheduler.isEmpty)
    }

    @Test func `a stop token in the prompt ends nothing`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 3, stop: [100, 102]))
        #expect(scheduler.step().events.finished.isEmpty)
    }

    @Test(arguments: [(0, 1), (1, 1), (2, 2), (3, 3)])
    func `a stop token counts once the least number of tokens is reached`(minTokens: Int, length: Int) throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 3, maxTokens: 5, minTokens: minTokens, stop: [6]))
        var finished: [FinishedSequence] = []
        for _ in 0..<5 { finished += scheduler.step(token: 6).events.finished }
        #expect(finished.map(\.output.count) == [length])
        #expect(finished.map(\.reason) == [.stop])
    }

    @Test(arguments: [
        (3 as Int?, 1000, 3),  // its own limit
        (nil, 30, 10),  // the model's length
        (nil, 1000, 44),  // the pool: 4 blocks of 16
    ])
    func `a length ends the sequence: its own, the model's or the pool's`(
        maxTokens: Int?, modelLength: Int, outputCount: Int
    ) throws {
        var scheduler = TestScheduler(try makeOptions(blocks: 4, length: modelLength))
        try scheduler.add(makeRequest(1, prompt: 20, maxTokens: maxTokens))
        var finished: [FinishedSequence] = []
        for _ in 0..<50 { finished += scheduler.step().events.finished }
        #expect(finished.map(\.output.count) == [outputCount])
        #expect(finished.map(\.reason) == [.length])
    }

    @Test func `a stop token at the last length is a stop`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 3, maxTokens: 1, stop: [6]))
        #expect(scheduler.step(token: 6).events.finished.map(\.reason) == [.stop])
    }

    @Test func `events come in order of arrival`() throws {
        var scheduler = TestScheduler(try makeOptions())
        for id in [9, 4, 7] as [UInt64] { try scheduler.add(makeRequest(id, prompt: 1, maxTokens: id == 4 ? 1 : 2)) }
        let events = scheduler.step().events
        #expect(events.count == 4)
        #expect(events[0] == .token(SequenceID(9), 7, index: 0))
        #expect(events[1] == .token(SequenceID(4), 7, index: 0))
        #expect(events[2...].first == .finished(events.finished[0]) && events.finished[0].id == SequenceID(4))
        #expect(events[3] == .token(SequenceID(7), 7, index: 0))
        #expect(scheduler.running == [9, 7])
    }

    @Test func `a token for a sequence that is not in the step is ignored`() throws {
        var scheduler = TestScheduler(try makeOptions(seqs: 1))
        try scheduler.add(makeRequest(1, prompt: 3))
        try scheduler.add(makeRequest(2, prompt: 3))
        _ = scheduler.schedule()
        #expect(scheduler.commit([one: 7, SequenceID(2): 7, SequenceID(3): 7]) == [.token(one, 7, index: 0)])
        #expect(scheduler.commit([one: 7]).isEmpty)
        #expect(scheduler.sequence(1)?.tokens.count == 4 && scheduler.sequence(2)?.tokens.count == 3)
    }

    @Test func `a sequence whose token is missing is scheduled again`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 3))
        try scheduler.add(makeRequest(2, prompt: 3))
        _ = scheduler.schedule()
        #expect(scheduler.commit([one: 7]).count == 1)
        #expect(scheduler.sequence(2)?.computedCount == 0)
        #expect(scheduler.schedule().sequences.map(\.positions) == [3..<4, 0..<3])
    }
}
