import LLMScheduling
import Testing

@Suite struct PrefixCacheTests {
    private func request(_ id: UInt64, _ prompt: [TokenID], maxTokens: Int = 4) -> SequenceRequest {
        SequenceRequest(id: SequenceID(id), prompt: prompt, maxTokens: maxTokens)
    }

    @Test func `a later sequence begins with the full blocks that begin alike`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4))
        try scheduler.add(request(1, Array(0..<10)))
        let first = scheduler.drain()
        #expect(first[0].batch.started.map(\.cachedTokens) == [0])
        // 10 prompt tokens and 3 of the 4 generated ones are computed: three full blocks.
        #expect(scheduler.scheduler.cachedBlockCount == 3)
        #expect(scheduler.scheduler.usedBlockCount == 0)
        try scheduler.add(request(2, Array(0..<9) + [99]))
        let batch = scheduler.schedule()
        #expect(batch.started.map(\.cachedTokens) == [8] && !batch.started[0].isResumed)
        #expect(batch.sequences[0].positions == 8..<10)
        #expect(
            Array(batch.sequences[0].blockTable.prefix(2)) == Array(first[0].batch.sequences[0].blockTable.prefix(2)))
    }

    @Test func `the next turn of a chat finds the blocks of the answer`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4))
        try scheduler.add(request(1, Array(0..<6), maxTokens: 7))
        _ = scheduler.drain()
        // The answer's last token was never computed; 12 tokens are, in 3 blocks.
        try scheduler.add(request(2, Array(0..<6) + Array(repeating: 7, count: 7) + [50, 51]))
        #expect(scheduler.schedule().started[0].cachedTokens == 12)
    }

    @Test func `one token at least is left to compute`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4))
        try scheduler.add(request(1, Array(0..<8)))
        _ = scheduler.drain()
        try scheduler.add(request(2, Array(0..<8)))
        #expect(scheduler.schedule().sequences[0].positions == 4..<8)
    }

    @Test func `sequences that run share blocks`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4))
        try scheduler.add(request(1, Array(0..<9), maxTokens: 20))
        scheduler.step()
        try scheduler.add(request(2, Array(0..<9), maxTokens: 20))
        scheduler.step()
        #expect(scheduler.sequence(1)?.blockTable.prefix(2) == scheduler.sequence(2)?.blockTable.prefix(2))
        #expect(scheduler.scheduler.usedBlockCount == 4)
    }

    @Test func `sequences that computed the same at the same time share it afterwards`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4))
        for id: UInt64 in 1...2 { try scheduler.add(request(id, Array(0..<9), maxTokens: 20)) }
        let batch = scheduler.schedule()
        #expect(batch.sequences.map(\.positions) == [0..<9, 0..<9])
        #expect(scheduler.scheduler.usedBlockCount == 6)
        _ = scheduler.commit([SequenceID(1): 7, SequenceID(2): 7])
        #expect(scheduler.scheduler.usedBlockCount == 4)
        #expect(scheduler.sequence(1)?.blockTable.prefix(2) == scheduler.sequence(2)?.blockTable.prefix(2))
    }

    @Test func `tenants with salts of their own see their own prefixes only`() throws {
        for (former, latter, cached) in [
            ("a", "a", 8), ("a", "b", 0), ("a", nil, 0), (nil, "a", 0), (nil, nil, 8), ("", nil, 0),
        ] as [(String?, String?, Int)] {
            for hashBits in [64, 1] {
                var scheduler = Scheduler(try makeOptions(blockSize: 4), hashBits: hashBits)
                var first = request(1, Array(0..<9), maxTokens: 1)
                first.cacheSalt = former
                try scheduler.add(first)
                _ = scheduler.schedule()
                _ = scheduler.commit([SequenceID(1): 7])
                var second = request(2, Array(0..<9))
                second.cacheSalt = latter
                try scheduler.add(second)
                let started = scheduler.schedule().started[0]
                // With hashes of one bit a block may fail to be cached; it is never taken for another.
                #expect(hashBits == 64 ? started.cachedTokens == cached : started.cachedTokens <= cached)
            }
        }
    }

    @Test func `a request that does not read the cache fills it`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4))
        var first = request(1, Array(0..<9))
        first.readsPrefixCache = false
        try scheduler.add(first)
        _ = scheduler.drain()
        try scheduler.add(first)
        #expect(scheduler.schedule().started[0].cachedTokens == 0)
        _ = scheduler.drain()
        try scheduler.add(request(3, Array(0..<9)))
        #expect(scheduler.schedule().started[0].cachedTokens == 8)
        #expect(scheduler.scheduler.totals.prefixQueryTokens == 9)
        #expect(scheduler.scheduler.totals.prefixHitTokens == 8)
    }

    @Test func `blocks that nobody used for longest are given away first, the end of a prefix before its beginning`()
        throws
    {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, blocks: 6))
        for (id, first) in [(1, 0), (2, 100)] as [(UInt64, TokenID)] {
            try scheduler.add(request(id, Array(first..<first + 12), maxTokens: 1))
            _ = scheduler.drain()
        }
        #expect(scheduler.scheduler.cachedBlockCount == 6)
        // The first prefix is used again, so the second is the one to go when a third needs two blocks.
        try scheduler.add(request(3, Array(0..<12), maxTokens: 1))
        #expect(scheduler.step().batch.started[0].cachedTokens == 8)
        try scheduler.add(request(4, Array(200..<207), maxTokens: 1))
        _ = scheduler.drain()
        try scheduler.add(request(5, Array(100..<112), maxTokens: 1))
        #expect(scheduler.step().batch.started[0].cachedTokens == 4)
        try scheduler.add(request(6, Array(0..<12), maxTokens: 1))
        #expect(scheduler.step().batch.started[0].cachedTokens == 8)
    }

    @Test func `a preempted sequence computes again only what is not cached any more`() throws {
        var scheduler = TestScheduler(try makeOptions(blockSize: 4, blocks: 6))
        try scheduler.add(request(1, Array(0..<8), maxTokens: 9))
        try scheduler.add(request(2, Array(100..<111), maxTokens: 9))
        var resumed: [StartedSequence] = []
        while !scheduler.scheduler.isEmpty { resumed += scheduler.step().batch.started.filter(\.isResumed) }
        #expect(resumed.map(\.id.value) == [2])
        #expect(resumed[0].cachedTokens >= 4)
        let totals = scheduler.scheduler.totals
        #expect(totals.computedTokens + resumed[0].cachedTokens == 16 + 19 + totals.discardedTokens)
    }

    @Test func `after a reset nothing is found, and what ran then is not cached`() throws {
        var scheduler = Scheduler(try makeOptions(blockSize: 4))
        try scheduler.add(request(1, Array(0..<9), maxTokens: 20))
        _ = scheduler.schedule()
        _ = scheduler.commit([SequenceID(1): 7])
        scheduler.resetPrefixCache()
        #expect(scheduler.cachedBlockCount == 0)
        while !scheduler.isEmpty {
            _ = scheduler.schedule()
            _ = scheduler.commit([SequenceID(1): 7])
            #expect(scheduler.invariantViolations() == [])
        }
        #expect(scheduler.cachedBlockCount == 0)
        try scheduler.add(request(2, Array(0..<9)))
        #expect(scheduler.schedule().started[0].cachedTokens == 0)
    }

    @Test func `without the cache nothing is kept`() throws {
        var options = try makeOptions(blockSize: 4)
        options.prefixCaching = false
        var scheduler = TestScheduler(options)
        for id: UInt64 in 1...2 {
            try scheduler.add(request(id, Array(0..<9)))
            #expect(scheduler.step().batch.started[0].cachedTokens == 0)
            _ = scheduler.drain()
        }
        #expect(scheduler.scheduler.totals.prefixQueryTokens == 0)
    }
}
