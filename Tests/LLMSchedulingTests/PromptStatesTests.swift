import LLMScheduling
import Testing

/// Requests that generate nothing: they want the hidden states of their prompt, and end with it.
@Suite struct PromptStatesTests {
    private func request(_ id: UInt64, prompt: Int, _ states: PromptStates = .all) -> SequenceRequest {
        var request = makeRequest(id, prompt: prompt)
        request.promptStates = states
        request.readsPrefixCache = false
        return request
    }

    @Test func `a prompt alone ends when it is computed, without a token, and its blocks are free`() throws {
        var scheduler = TestScheduler(try makeOptions())
        try scheduler.add(request(1, prompt: 20))
        let batch = scheduler.schedule()
        #expect(!batch.sequences[0].needsLogits && batch.logitsCount == 0 && batch.work.outputs == 0)
        let events = scheduler.commit([SequenceID(1): 7])
        #expect(events == [.finished(events.finished[0])])
        #expect(events.finished[0].reason == .stop && events.finished[0].output.isEmpty)
        #expect(scheduler.scheduler.isEmpty && scheduler.scheduler.usedBlockCount == 0)
    }

    @Test func `every row's states are wanted, or the last row's of the last chunk`() throws {
        var scheduler = TestScheduler(try makeOptions(budget: 8))
        try scheduler.add(request(1, prompt: 12, .all))
        #expect(scheduler.step().batch.sequences.map(\.promptStates) == [0..<8])
        #expect(scheduler.step().batch.sequences.map(\.promptStates) == [0..<4])
        try scheduler.add(request(2, prompt: 12, .last))
        #expect(scheduler.step().batch.sequences.map(\.promptStates) == [0..<0])
        #expect(scheduler.step().batch.sequences.map(\.promptStates) == [3..<4])
        #expect(scheduler.scheduler.isEmpty)
    }

    @Test func `a request that generates wants no states, and goes on beside those that do not`() throws {
        var scheduler = TestScheduler(try makeOptions())
        for (id, states) in [(1, nil), (2, .all), (3, nil)] as [(UInt64, PromptStates?)] {
            try scheduler.add(states.map { request(id, prompt: 5, $0) } ?? makeRequest(id, prompt: 5))
        }
        let step = scheduler.step()
        #expect(step.batch.sequences.map(\.needsLogits) == [true, false, true])
        #expect(step.batch.sequences.map(\.promptStates) == [0..<0, 5..<10, 10..<10])
        #expect(step.events.finished.map(\.id.value) == [2] && step.events.count == 3)
        #expect(scheduler.step().batch.ids == [1, 3])
    }

    @Test func `a prompt alone may fill the model's length and every block`() throws {
        for (blocks, length) in [(4, 64), (4, 1000), (100, 64)] {
            var scheduler = TestScheduler(try makeOptions(blocks: blocks, length: length))
            try scheduler.add(request(1, prompt: 64))
            #expect(scheduler.step().events.finished.map(\.tokens.count) == [64])
        }
    }

    @Test func `a longer prompt is refused with the numbers`() throws {
        var scheduler = TestScheduler(try makeOptions(blocks: 4, length: 100))
        let long = #expect(throws: AdmissionError.self) { try scheduler.add(request(1, prompt: 101)) }
        #expect(long?.code == .promptTooLong)
        #expect(
            long?.message
                == "the prompt is too long: it has 101 tokens, and this model's maximum context length is 100 tokens; shorten the prompt"
        )
        let wide = #expect(throws: AdmissionError.self) { try scheduler.add(request(1, prompt: 65)) }
        #expect(wide?.code == .neverFits)
        #expect(wide?.message.contains("65 tokens needs 5 blocks of 16 tokens, and there are 4") == true)
        let empty = #expect(throws: AdmissionError.self) { try scheduler.add(request(1, prompt: 0)) }
        #expect(empty?.code == .emptyPrompt)
    }

    @Test func `what is said of an output does not matter`() throws {
        var scheduler = TestScheduler(try makeOptions(seqs: 2, length: 30))
        var request = request(1, prompt: 30)
        request.maxTokens = 50
        request.minTokens = 9
        request.width = 5
        request.needsPromptLogits = true
        request.stopTokens = [100]
        try scheduler.add(request)
        let step = scheduler.step()
        #expect(step.batch.sequences[0].promptLogits.isEmpty)
        #expect(step.events.finished.map(\.reason) == [.stop])
    }

    @Test func `the cache is not read, and what is computed is cached for others`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4))
        for id: UInt64 in 1...2 {
            var request = request(id, prompt: 9)
            request.prompt = Array(0..<9)
            try scheduler.add(request)
            #expect(scheduler.step().batch.started.map(\.cachedTokens) == [0])
        }
        #expect(scheduler.scheduler.totals.prefixQueryTokens == 0 && scheduler.scheduler.cachedBlockCount == 2)
        var reader = makeRequest(3, prompt: 9)
        reader.prompt = Array(0..<9)
        try scheduler.add(reader)
        #expect(scheduler.schedule().started.map(\.cachedTokens) == [8])
    }

    @Test func `after a preemption every row comes again, from the first`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, blocks: 6, budget: 12))
        try scheduler.add(makeRequest(1, prompt: 8, maxTokens: 12))
        try scheduler.add(request(2, prompt: 15))
        var rows: [Range<Int>] = []
        var preempted = 0
        while !scheduler.scheduler.isEmpty {
            let batch = scheduler.step().batch
            preempted += batch.preempted.count
            rows += batch.sequences.filter { $0.id.value == 2 }.map(\.positions)
        }
        #expect(preempted == 1 && rows.first?.lowerBound == 0)
        let again = try #require(rows.dropFirst().firstIndex { $0.lowerBound == 0 })
        #expect(rows[again...].reduce(into: []) { $0 += Array($1) } == Array(0..<15))
    }
}
