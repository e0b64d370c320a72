import LLMScheduling
import Testing

/// Sequences that branch off another: samples of one prompt, beams of one search.
@Suite struct BranchTests {
    private func wide(_ id: UInt64, prompt: Int, maxTokens: Int, width: Int, together: Bool = false) -> SequenceRequest
    {
        var request = makeRequest(id, prompt: prompt, maxTokens: maxTokens)
        request.width = width
        request.runsTogether = together
        return request
    }

    private func branches(_ ids: ClosedRange<UInt64>, token: TokenID) -> [Branch] {
        ids.map { Branch(id: SequenceID($0), token: token + TokenID($0)) }
    }

    @Test func `branches share the prompt's blocks and copy the one they write`() throws {
        var scheduler = Scheduler(try makeOptions(blockSize: 4))
        try scheduler.add(wide(1, prompt: 6, maxTokens: 3, width: 3))
        _ = scheduler.schedule()
        let events = scheduler.commit([SequenceID(1): 7], branches: [SequenceID(1): branches(2...3, token: 10)])
        #expect(
            events == [
                .token(SequenceID(1), 7, index: 0), .token(SequenceID(2), 12, index: 0),
                .token(SequenceID(3), 13, index: 0),
            ])
        #expect(scheduler.usedBlockCount == 2)
        #expect(scheduler.invariantViolations() == [])
        let batch = scheduler.schedule()
        let tables = batch.sequences.map(\.blockTable)
        #expect(Set(tables.map { $0[0] }).count == 1 && Set(tables.map { $0[1] }).count == 3)
        #expect(batch.copies.map(\.to) == tables.map { $0[1] })
        #expect(Set(batch.copies.map(\.from)).count == 1)
        #expect(batch.tokens == [7, 12, 13])
        #expect(scheduler.invariantViolations() == [])
        _ = scheduler.commit([SequenceID(1): 1, SequenceID(2): 2, SequenceID(3): 3])
        #expect(scheduler.usedBlockCount == 4)
        #expect(scheduler.schedule().copies == [])
    }

    @Test func `a prompt that ends with its block is shared without a copy`() throws {
        var scheduler = Scheduler(try makeOptions(blockSize: 4))
        try scheduler.add(wide(1, prompt: 8, maxTokens: 3, width: 2))
        _ = scheduler.schedule()
        _ = scheduler.commit([SequenceID(1): 7], branches: [SequenceID(1): branches(2...2, token: 10)])
        #expect(scheduler.schedule().copies == [])
        #expect(scheduler.usedBlockCount == 4)
    }

    @Test func `places are kept for the branches of a prompt`() throws {
        var scheduler = TestScheduler(try makeOptions(seqs: 4))
        try scheduler.add(wide(1, prompt: 5, maxTokens: 5, width: 3))
        try scheduler.add(wide(10, prompt: 5, maxTokens: 5, width: 2))
        try scheduler.add(makeRequest(20, prompt: 5, maxTokens: 5))
        #expect(scheduler.schedule().ids == [1])
    }

    @Test func `a copy of a step that was not committed is made by the next one`() throws {
        var scheduler = Scheduler(try makeOptions(blockSize: 4))
        try scheduler.add(wide(1, prompt: 6, maxTokens: 3, width: 2))
        _ = scheduler.schedule()
        _ = scheduler.commit([SequenceID(1): 7], branches: [SequenceID(1): branches(2...2, token: 10)])
        let copies = scheduler.schedule().copies
        #expect(copies.count == 2)
        #expect(scheduler.schedule().copies == copies)
        scheduler.abort(SequenceID(1))
        #expect(scheduler.schedule().copies == [copies[1]])
        #expect(scheduler.invariantViolations() == [])
    }

    @Test func `a sequence that is alone with its block again writes without a copy`() throws {
        var scheduler = Scheduler(try makeOptions(blockSize: 4))
        try scheduler.add(wide(1, prompt: 6, maxTokens: 3, width: 2))
        _ = scheduler.schedule()
        _ = scheduler.commit([SequenceID(1): 7], branches: [SequenceID(1): branches(2...2, token: 10)])
        scheduler.abort(SequenceID(1))
        let batch = scheduler.schedule()
        #expect(batch.copies == [] && batch.sequences.map(\.id.value) == [2])
    }

    @Test func `more sequences than places are refused, and together more than all blocks hold`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, blocks: 8, seqs: 4))
        let tooWide = try #require(throws: AdmissionError.self) {
            try scheduler.add(wide(1, prompt: 5, maxTokens: 5, width: 5))
        }
        #expect(
            tooWide.message == "the request becomes 5 sequences; it must be 1 to 4, the lesser of max-num-seqs and"
                + " max-num-batched-tokens")
        // Apart they can take turns; together they need the prompt's full block, 3 blocks each and one to copy from.
        try scheduler.add(wide(1, prompt: 5, maxTokens: 10, width: 3))
        let tooMany = try #require(throws: AdmissionError.self) {
            try scheduler.add(wide(2, prompt: 5, maxTokens: 10, width: 3, together: true))
        }
        #expect(tooMany.code == .neverFits && tooMany.message.contains("need 11 blocks of 4 tokens, and there are 8"))
    }

    @Test func `beams go on in each other's place`() throws {
        var scheduler = Scheduler(try makeOptions(blockSize: 4, seqs: 2))
        try scheduler.add(wide(1, prompt: 6, maxTokens: 6, width: 2, together: true))
        _ = scheduler.schedule()
        _ = scheduler.commit([SequenceID(1): 7], branches: [SequenceID(1): branches(2...2, token: 10)])
        _ = scheduler.schedule()
        // Both best continuations are of the second beam.
        scheduler.finish(SequenceID(1), reason: .stop)
        _ = scheduler.commit([SequenceID(2): 8], branches: [SequenceID(2): branches(3...3, token: 20)])
        #expect(scheduler.runningIDs.map(\.value) == [2, 3])
        #expect(scheduler.sequence(SequenceID(3))?.tokens.suffix(2) == [12, 23])
        #expect(scheduler.invariantViolations() == [])
    }
}
