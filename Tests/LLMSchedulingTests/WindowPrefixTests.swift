import LLMScheduling
import Testing

/// What is found in the cache where some layers have windows: a prefix's blocks of full attention, and of the windows
/// the last ones.
@Suite struct WindowPrefixTests {
    private func request(_ id: UInt64, _ prompt: [TokenID]) -> SequenceRequest {
        SequenceRequest(id: SequenceID(id), prompt: prompt, maxTokens: 1)
    }

    @Test func `a prefix needs all blocks of full attention and those of the window before its end`() throws {
        let groups = [CacheGroup(blockCount: 20), CacheGroup(blockCount: 5, window: 6)]
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, groups: groups))
        let story = Array(0..<17 as Range<TokenID>)
        func cached(_ prompt: [TokenID]) throws -> Int? {
            try scheduler.add(request(1, prompt))
            return scheduler.step().batch.started.first?.cachedTokens
        }
        #expect(try cached(story) == 0)
        // This takes the window's block that was never cached, and the one used longest ago: 8 ..< 12, the last of those
        // that the window left behind.
        #expect(try cached(Array(100..<105)) == 0)
        #expect(scheduler.scheduler.cachedBlockCount == 5 + 4)
        // The query at 16 would see 11...16, that at 12 would see 7...12; that at 8 sees 3...8.
        #expect(try cached(story) == 8)
        // What was computed again is there again, and of full attention nothing was computed twice.
        #expect(scheduler.scheduler.cachedBlockCount == 5 + 4)
        #expect(try cached(story) == 16)
    }

    @Test func `with windows alone a long prefix is found by a few blocks`() throws {
        let groups = [CacheGroup(blockCount: 4, window: 3)]
        var scheduler = TestScheduler(try makeOptions(blockSize: 2, groups: groups))
        let story = Array(0..<21 as Range<TokenID>)
        try scheduler.add(request(1, story))
        _ = scheduler.drain()
        try scheduler.add(request(2, story))
        let batch = scheduler.schedule()
        #expect(batch.started.map(\.cachedTokens) == [20])
        // The query at 20 sees 18...20.
        #expect(batch.sequences[0].blockTables[0].map { $0 < 0 } == Array(repeating: true, count: 9) + [false, false])
    }

    @Test func `prefixes without blocks are bounded, and a sequence goes on where they would be too many`() throws {
        let groups = [CacheGroup(blockCount: 2, window: 3)]
        var scheduler = TestScheduler(try makeOptions(blockSize: 2, groups: groups))
        try scheduler.add(makeRequest(1, prompt: 100, maxTokens: 100))
        var most = 0
        while !scheduler.scheduler.isEmpty {
            scheduler.step()
            most = max(most, scheduler.scheduler.prefixCount.now)
        }
        #expect(scheduler.scheduler.prefixCount.most == 2 * 8 + 2)
        #expect((16...18).contains(most))
        // It left the cache, and nothing keeps its prefixes but a block.
        try scheduler.add(makeRequest(2, prompt: 9, maxTokens: 1))
        _ = scheduler.drain()
        #expect(scheduler.scheduler.prefixCount.now <= 4 + most)
        try scheduler.add(makeRequest(2, prompt: 9, maxTokens: 1))
        #expect(scheduler.schedule().started.map(\.cachedTokens) == [8])
    }

    @Test func `tenants with salts of their own see their own prefixes only`() throws {
        for (former, latter, cached) in [("a", "a", 8), ("a", "b", 0), (nil, "a", 0), (nil, nil, 8)]
            as [(String?, String?, Int)]
        {
            let groups = [CacheGroup(blockCount: 20, window: 6), CacheGroup(blockCount: 20, window: 3)]
            var scheduler = TestScheduler(try makeOptions(blockSize: 4, groups: groups))
            for (id, salt, expected) in [(1, former, 0), (2, latter, cached)] as [(UInt64, String?, Int)] {
                var request = request(id, Array(0..<9))
                request.cacheSalt = salt
                try scheduler.add(request)
                #expect(scheduler.step().batch.started.map(\.cachedTokens) == [expected])
            }
        }
    }

    /// Requests in every order on few blocks, so that either group's blocks are given away first, or both: found is
    /// the longest prefix whose blocks are there.
    @Test(arguments: [
        [CacheGroup(blockCount: 6), CacheGroup(blockCount: 9, window: 4)],
        [CacheGroup(blockCount: 12), CacheGroup(blockCount: 5, window: 4)],
        [CacheGroup(blockCount: 7), CacheGroup(blockCount: 5, window: 5), CacheGroup(blockCount: 4, window: 2)],
        [CacheGroup(blockCount: 6, window: 4)],
        [CacheGroup(blockCount: 7), CacheGroup(blockCount: 9)],
    ])
    func `whatever was given away, the longest prefix that is there is found`(groups: [CacheGroup]) throws {
        let options = try makeOptions(blockSize: 2, groups: groups)
        let story = Array(0..<11 as Range<TokenID>)
        let prompts = [story, Array(story[..<5]), Array(story[..<6]) + [50, 51, 52], Array(60..<66)]
        var found: Set<Int> = []
        for order in 0..<1024 {
            var scheduler = Scheduler(options)
            var model = PagedToyModel(options)
            for turn in 0..<5 {
                let request = request(1, prompts[order >> (2 * turn) & 3])
                let expected = longestPrefix(of: request.prompt, scheduler)
                try scheduler.add(request)
                var finished: [FinishedSequence] = []
                while !scheduler.isEmpty {
                    let batch = scheduler.schedule()
                    if let started = batch.started.first {
                        #expect(started.cachedTokens == expected, "order \(order), turn \(turn)")
                        found.insert(started.cachedTokens)
                    }
                    finished += scheduler.commit(model.compute(batch)).finished
                    #expect(scheduler.invariantViolations() == [], "order \(order), turn \(turn)")
                }
                #expect(finished.map { Array($0.output) } == [PagedToyModel.alone(request, options).output])
            }
        }
        #expect(found.isSuperset(of: [0, 4, 10]))
    }

    /// By the blocks themselves: each group's list of what its cached blocks hold.
    private func longestPrefix(of prompt: [TokenID], _ scheduler: Scheduler) -> Int {
        let size = scheduler.options.blockSize
        let held = scheduler.blockStates.map { Set($0.dropFirst().map { Array($0.dropFirst()) }) }
        return (0...(prompt.count - 1) / size).last { blocks in
            zip(scheduler.options.groups, held).allSatisfy { group, prefixes in
                let first = group.window.map { max(0, blocks * size - $0 + 1) / size } ?? 0
                return (first..<blocks).allSatisfy { index in
                    prefixes.contains(prompt[..<((index + 1) * size)].map(Int.init))
                }
            }
        }! * size
    }
}
