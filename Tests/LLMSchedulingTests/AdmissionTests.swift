import LLMScheduling
import Testing

@Suite struct AdmissionTests {
    private func refusal(_ request: SequenceRequest, _ options: SchedulerOptions) -> AdmissionError? {
        var scheduler = Scheduler(options)
        let error = #expect(throws: AdmissionError.self) { try scheduler.add(request) }
        #expect(scheduler.isEmpty && scheduler.totals.admitted == 0)
        return error
    }

    @Test func `an empty prompt is refused`() throws {
        let error = refusal(makeRequest(1, prompt: 0), try makeOptions())
        #expect(error?.code == .emptyPrompt)
        #expect(error?.message == "the prompt has 0 tokens; it needs at least 1 token")
    }

    @Test func `a prompt that fills the model's length is refused with both numbers`() throws {
        let options = try makeOptions(length: 50)
        let error = refusal(makeRequest(1, prompt: 50), options)
        #expect(error?.code == .promptTooLong)
        #expect(
            error?.message.contains("maximum context length is 50 tokens, which leaves room for 49") == true)
        var scheduler = TestScheduler(options)
        try scheduler.add(makeRequest(1, prompt: 49))
    }

    @Test(arguments: [0, -1, Int.min])
    func `fewer than one token to generate is refused`(maxTokens: Int) throws {
        let error = refusal(makeRequest(1, prompt: 1, maxTokens: maxTokens), try makeOptions())
        #expect(error?.code == .maxTokensOutOfRange)
        #expect(error?.message == "max_tokens is \(maxTokens); it must be at least 1")
    }

    @Test(arguments: [11, Int.max])
    func `an explicit length past the model's is refused with the most it may be`(maxTokens: Int) throws {
        let options = try makeOptions(length: 50)
        let error = refusal(makeRequest(1, prompt: 40, maxTokens: maxTokens), options)
        #expect(error?.code == .sequenceTooLong)
        #expect(error?.message.contains("max_tokens is \(maxTokens) after a prompt of 40 tokens") == true)
        #expect(error?.message.contains("maximum context length is 50 tokens; ask for at most 10") == true)
        var scheduler = TestScheduler(options)
        try scheduler.add(makeRequest(1, prompt: 40, maxTokens: 10))
    }

    @Test(arguments: [(40, 25 as Int?, 5), (64, nil, 5), (100, nil, 7)])
    func `what all blocks together cannot hold is refused with the blocks it needs and those there are`(
        prompt: Int, maxTokens: Int?, needed: Int
    ) throws {
        let error = refusal(makeRequest(1, prompt: prompt, maxTokens: maxTokens), try makeOptions(blocks: 4))
        #expect(error?.code == .neverFits)
        #expect(error?.message.contains("need \(needed) blocks of 16 tokens, and there are 4") == true)
        #expect(error?.message.contains("ask for at most 64 tokens") == true)
    }

    @Test(arguments: [(40, 24 as Int?), (63, nil)])
    func `what just fits in all blocks is admitted, and runs to its length`(prompt: Int, maxTokens: Int?) throws {
        var scheduler = TestScheduler(try makeOptions(blocks: 4))
        try scheduler.add(makeRequest(1, prompt: prompt, maxTokens: maxTokens))
        var finished: [FinishedSequence] = []
        for _ in 0..<64 { finished += scheduler.step().events.finished }
        #expect(finished.map(\.tokens.count) == [64])
        #expect(finished.map(\.reason) == [.length])
    }

    @Test(arguments: [(-1, 10 as Int?, 10), (11, 10, 10), (61, nil, 60), (Int.max, nil, 60)])
    func `a least number of tokens that cannot be is refused with its range`(
        minTokens: Int, maxTokens: Int?, most: Int
    ) throws {
        let request = makeRequest(1, prompt: 4, maxTokens: maxTokens, minTokens: minTokens)
        let error = refusal(request, try makeOptions(blocks: 4))
        #expect(error?.code == .minTokensOutOfRange)
        #expect(error?.message.hasPrefix("min_tokens is \(minTokens); it must be from 0 to \(most)") == true)
    }

    @Test func `an id in use is refused, and one whose sequence has ended is not`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(1, prompt: 1))
        let error = #expect(throws: AdmissionError.self) { try scheduler.add(makeRequest(1, prompt: 2)) }
        #expect(error?.code == .duplicateID)
        #expect(scheduler.sequence(1)?.promptCount == 1)
        _ = scheduler.abort(1)
        try scheduler.add(makeRequest(1, prompt: 2))
        #expect(scheduler.sequence(1)?.promptCount == 2)
    }

    @Test func `what is admitted waits, without blocks, behind those before it`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(makeRequest(5, prompt: 40))
        try scheduler.add(makeRequest(3, prompt: 40))
        #expect(scheduler.waiting == [5, 3] && scheduler.running.isEmpty)
        #expect(scheduler.scheduler.usedBlockCount == 0)
    }
}
