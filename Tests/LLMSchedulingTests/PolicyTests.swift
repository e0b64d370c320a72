import LLMScheduling
import Testing

/// Priorities, deadlines and the bounds of the queue.
@Suite struct PolicyTests {
    private func important(_ id: UInt64, prompt: Int, maxTokens: Int, priority: Int) -> SequenceRequest {
        var request = makeRequest(id, prompt: prompt, maxTokens: maxTokens)
        request.priority = priority
        return request
    }

    private func options(seqs: Int = 100, blocks: Int = 100) throws -> SchedulerOptions {
        var options = try makeOptions(blockSize: 4, blocks: blocks, seqs: seqs)
        options.policy = .priority
        return options
    }

    @Test func `the lower priority is served first, and those alike as they came`() throws {
        var scheduler = TestScheduler(try options(seqs: 1))
        for (id, priority) in [(1, 2), (2, 1), (3, 2), (4, 1)] as [(UInt64, Int)] {
            try scheduler.add(important(id, prompt: 3, maxTokens: 2, priority: priority))
        }
        let finished = scheduler.drain().flatMap(\.events.finished).map(\.id.value)
        #expect(finished == [2, 4, 1, 3])
    }

    @Test func `a more important sequence takes the place of the least important one`() throws {
        var scheduler = TestScheduler(try options(seqs: 2))
        for (id, priority) in [(1, 1), (2, 0)] as [(UInt64, Int)] {
            try scheduler.add(important(id, prompt: 3, maxTokens: 9, priority: priority))
        }
        scheduler.step()
        try scheduler.add(important(3, prompt: 3, maxTokens: 2, priority: 0))
        let batch = scheduler.schedule()
        #expect(batch.preempted.map(\.value) == [1])
        #expect(Set(batch.ids) == [2, 3])
    }

    @Test func `sequences of the same priority do not displace each other`() throws {
        var scheduler = TestScheduler(try options(seqs: 1))
        try scheduler.add(important(1, prompt: 3, maxTokens: 9, priority: 1))
        scheduler.step()
        try scheduler.add(important(2, prompt: 3, maxTokens: 2, priority: 1))
        #expect(scheduler.schedule().preempted == [])
    }

    @Test func `nobody gives way where that would not be enough`() throws {
        var scheduler = TestScheduler(try options(blocks: 6))
        try scheduler.add(important(1, prompt: 12, maxTokens: 9, priority: 0))
        try scheduler.add(important(2, prompt: 4, maxTokens: 9, priority: 2))
        scheduler.step()
        try scheduler.add(important(3, prompt: 15, maxTokens: 2, priority: 1))
        #expect(scheduler.schedule().preempted == [])
    }

    @Test func `under first come, first served a priority changes nothing`() throws {
        var scheduler = TestScheduler(try makeOptions(seqs: 1))
        try scheduler.add(important(1, prompt: 3, maxTokens: 2, priority: 5))
        try scheduler.add(important(2, prompt: 3, maxTokens: 2, priority: -5))
        #expect(scheduler.drain().flatMap(\.events.finished).map(\.id.value) == [1, 2])
    }

    @Test func `a sequence ends at its deadline with what it has`() throws {
        var scheduler = Scheduler(try makeOptions(seqs: 1))
        for (id, deadline) in [(1, 100), (2, 50), (3, nil)] as [(UInt64, Int64?)] {
            var request = makeRequest(id, prompt: 3, maxTokens: 9)
            request.deadline = deadline
            try scheduler.add(request)
        }
        _ = scheduler.schedule()
        _ = scheduler.commit([SequenceID(1): 7])
        #expect(scheduler.expire(at: 49) == [])
        let late = scheduler.expire(at: 50)
        #expect(late.map(\.id.value) == [2] && late[0].reason == .timeout && late[0].output == [])
        #expect(scheduler.expire(at: 1000).map(\.output) == [[7]])
        #expect(scheduler.expire(at: .max) == [])
        #expect(scheduler.waitingIDs == [SequenceID(3)])
        #expect(scheduler.invariantViolations() == [])
    }

    @Test func `a deadline of a sequence that has ended does not end another of its id`() throws {
        var scheduler = Scheduler(try makeOptions())
        var request = makeRequest(1, prompt: 3, maxTokens: 9)
        request.deadline = 10
        try scheduler.add(request)
        scheduler.abort(SequenceID(1))
        request.deadline = 20
        try scheduler.add(request)
        #expect(scheduler.expire(at: 15) == [])
        #expect(scheduler.expire(at: 20).count == 1)
    }

    @Test func `more requests than may wait are refused with the numbers and a time`() throws {
        var options = try makeOptions(seqs: 2)
        try options.boundQueue(requests: 2, tokens: nil)
        var scheduler = Scheduler(options)
        // Two that there are places for, and two that wait.
        for id: UInt64 in 1...4 { try scheduler.add(makeRequest(id, prompt: 10, maxTokens: 5)) }
        _ = scheduler.schedule()
        _ = scheduler.commit([SequenceID(1): 7, SequenceID(2): 7], nanoseconds: 2_000_000_000)
        let error = try #require(throws: AdmissionError.self) { try scheduler.add(makeRequest(5, prompt: 10)) }
        #expect(error.code == .queueFull)
        // 10 tokens at the 0.1 s that each of 20 took, after 4 steps of 2 s until the first of the running ones ends.
        #expect(error.retryAfterNanoseconds == 9_000_000_000)
        #expect(error.message == "the queue is full: max-queued-requests is 2, and 2 wait; try again in about 9 s")
        scheduler.abort(SequenceID(1))
        try scheduler.add(makeRequest(5, prompt: 10))
    }

    @Test func `more tokens than may wait are refused with the numbers and a time`() throws {
        var options = try makeOptions(seqs: 1)
        try options.boundQueue(requests: nil, tokens: 30)
        var scheduler = Scheduler(options)
        for id: UInt64 in 1...3 { try scheduler.add(makeRequest(id, prompt: 12, maxTokens: 5)) }
        let error = try #require(throws: AdmissionError.self) { try scheduler.add(makeRequest(4, prompt: 12)) }
        #expect(
            error.message == "the queue is full: max-queued-tokens is 30, and 24 wait before the request's 12;"
                + " try again in about 1 s")
        try scheduler.add(makeRequest(5, prompt: 6, maxTokens: 5))
    }
}
