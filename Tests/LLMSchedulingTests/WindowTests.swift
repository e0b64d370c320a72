import LLMScheduling
import Testing

/// Cache groups with a window: what they hold and what they give up.
@Suite struct WindowTests {
    private func scheduler(
        _ groups: [CacheGroup], budget: Int = 100, length: Int = 200, caching: Bool = true
    ) throws -> TestScheduler {
        var options = try makeOptions(blockSize: 4, groups: groups, budget: budget, length: length)
        options.prefixCaching = caching
        return TestScheduler(options)
    }

    @Test func `blocks behind the window are free as soon as no later query sees them`() throws {
        var scheduler = try scheduler([CacheGroup(blockCount: 10), CacheGroup(blockCount: 10, window: 6)])
        try scheduler.add(makeRequest(1, prompt: 8, maxTokens: 20))
        // The next query is at 8 and sees 3...8, at 9 it sees 4...9.
        let tables: [[BlockID]] = (0..<6).compactMap { _ in
            scheduler.step()
            return scheduler.sequence(1)?.blockTables[1]
        }
        #expect(tables == [[0, 1], [-1, 1, 2], [-1, 1, 2], [-1, 1, 2], [-1, 1, 2], [-1, -1, 2, 3]])
        #expect(scheduler.sequence(1)?.blockTables[0] == [0, 1, 2, 3])
        #expect(scheduler.scheduler.usedBlockCount == 4 + 2)
    }

    @Test func `a block behind the window is handed out again to the same sequence`() throws {
        var scheduler = try scheduler([CacheGroup(blockCount: 3, window: 6)], caching: false)
        try scheduler.add(makeRequest(1, prompt: 8, maxTokens: 192))
        for _ in 0..<100 {
            scheduler.step()
            #expect(scheduler.scheduler.usedBlockCount <= 3)
        }
        #expect(scheduler.sequence(1)?.computedCount == 107)
        #expect(scheduler.sequence(1)?.blockTables[0].count == 27)
        #expect(scheduler.drain().flatMap(\.events.finished).map(\.tokens.count) == [200])
    }

    @Test func `where all blocks do not hold the window and the budget, chunks are shorter`() throws {
        var scheduler = try scheduler([CacheGroup(blockCount: 3, window: 6)])
        try scheduler.add(makeRequest(1, prompt: 50, maxTokens: 3))
        #expect(scheduler.drain().flatMap(\.batch.counts) == [12, 4, 4, 4, 4, 4, 4, 4, 4, 4, 2, 1, 1])
    }

    @Test func `the group that runs out decides who gives way`() throws {
        var scheduler = try scheduler([CacheGroup(blockCount: 100), CacheGroup(blockCount: 4, window: 6)])
        for id: UInt64 in 1...2 { try scheduler.add(makeRequest(id, prompt: 5, maxTokens: 20)) }
        // In step 5 the first needs a third block, and still sees its first.
        let batches = (0..<5).map { _ in scheduler.step().batch }
        #expect(batches.map(\.ids) == [[1, 2], [1, 2], [1, 2], [1, 2], [1]])
        #expect(batches.map(\.preempted) == [[], [], [], [], [SequenceID(2)]])
        #expect(scheduler.drain().flatMap(\.events.finished).map(\.output.count) == [20, 20])
    }

    @Test(arguments: [(8, [1, 2]), (7, [1])] as [(Int, [UInt64])])
    func `a waiting sequence needs its window and a chunk, not all its tokens`(blocks: Int, ids: [UInt64]) throws {
        let groups = [CacheGroup(blockCount: 100), CacheGroup(blockCount: blocks, window: 6)]
        var scheduler = try scheduler(groups, budget: 10, caching: false)
        try scheduler.add(makeRequest(1, prompt: 20, maxTokens: 50))
        while scheduler.sequence(1)?.outputCount != 1 { scheduler.step() }
        // A window of 6 and a chunk of 10 touch 5 blocks at most. The first sees 15...20, in 3 blocks.
        try scheduler.add(makeRequest(2, prompt: 60, maxTokens: 50))
        #expect(scheduler.schedule().ids == ids)
    }

    @Test func `a branch shares the blocks of every group and copies the one it writes in each`() throws {
        let groups = [CacheGroup(blockCount: 20), CacheGroup(blockCount: 20, window: 6)]
        var scheduler = Scheduler(try makeOptions(blockSize: 4, groups: groups))
        var request = makeRequest(1, prompt: 14, maxTokens: 5)
        request.width = 2
        try scheduler.add(request)
        _ = scheduler.schedule()
        let branch = Branch(id: SequenceID(2), token: 8)
        _ = scheduler.commit([SequenceID(1): 7], branches: [SequenceID(1): [branch]])
        // Both see 9...14: the blocks 2 and 3.
        #expect(scheduler.sequence(SequenceID(2))?.blockTables == [[0, 1, 2, 3], [-1, -1, 2, 3]])
        #expect(scheduler.usedBlockCount == 4 + 2)
        let batch = scheduler.schedule()
        #expect(batch.copies.map(\.group) == [0, 1, 0, 1])
        #expect(batch.copies.map(\.from) == [3, 3, 3, 3])
        for copy in batch.copies {
            #expect(batch.sequences.contains { $0.blockTables[copy.group][3] == copy.to })
        }
        #expect(scheduler.invariantViolations() == [])
        _ = scheduler.commit([SequenceID(1): 7, SequenceID(2): 7])
        #expect(scheduler.usedBlockCount == 5 + 3)
    }
}
