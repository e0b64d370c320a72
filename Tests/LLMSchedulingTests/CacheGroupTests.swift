import LLMScheduling
import Testing

/// What cache groups bound.
@Suite struct CacheGroupTests {
    @Test(
        arguments: [
            (100, nil, 1, 16, 7),
            (1000, 64, 1, 16, 5),  // 64 positions may begin at a block's last slot
            (1000, 64, 48, 16, 8),
            (40, 64, 48, 16, 3),
            (1000, 1, 1, 16, 1),
        ] as [(Int, Int?, Int, Int, Int)])
    func `a sequence holds as many blocks as its window and a chunk touch`(
        maxLength: Int, window: Int?, chunk: Int, blockSize: Int, blocks: Int
    ) {
        #expect(
            CacheGroup.blocks(perSequence: maxLength, window: window, chunk: chunk, blockSize: blockSize) == blocks)
    }

    @Test func `the most blocks are those of the worst position`() {
        for blockSize in 1...4 {
            for window in 1...9 {
                for chunk in 1...5 {
                    let most = (0..<60).map { first in
                        (min(first + chunk, 60) - 1) / blockSize - max(0, first - window + 1) / blockSize + 1
                    }.max()
                    let blocks = CacheGroup.blocks(
                        perSequence: 60, window: window, chunk: chunk, blockSize: blockSize)
                    #expect(blocks == most, "blocks of \(blockSize), window \(window), chunk \(chunk)")
                }
            }
        }
    }

    @Test func `a window that all blocks hold does not bound a sequence's length, and a longer one does`() throws {
        func longest(_ groups: [CacheGroup]) throws -> Int {
            try makeOptions(blockSize: 4, groups: groups, length: 500).maxSequenceLength
        }
        #expect(try longest([CacheGroup(blockCount: 3, window: 6)]) == 500)
        #expect(try longest([CacheGroup(blockCount: 2, window: 6)]) == 8)
        #expect(try longest([CacheGroup(blockCount: 50), CacheGroup(blockCount: 3, window: 6)]) == 200)
        #expect(try longest([CacheGroup(blockCount: 50), CacheGroup(blockCount: 2, window: 6)]) == 8)
    }

    @Test func `what no group can hold is refused with the blocks of the scarcest`() throws {
        let groups = [CacheGroup(blockCount: 50), CacheGroup(blockCount: 2, window: 6)]
        var scheduler = Scheduler(try makeOptions(blockSize: 4, groups: groups))
        let error = #expect(throws: AdmissionError.self) { try scheduler.add(makeRequest(1, prompt: 10)) }
        #expect(
            error?.message == "a prompt of 10 tokens and at least 1 token to generate need 3 blocks of 4 tokens, and"
                + " there are 2 for the layers with a window of 6; ask for at most 8 tokens in all, or give the KV cache"
                + " more memory")
    }

    @Test(arguments: [
        ([CacheGroup(blockCount: 4), CacheGroup(blockCount: 0)], "kv-blocks is 0; it must be from 1 to 2147483647"),
        ([CacheGroup(blockCount: 4, window: 0)], "sliding-window is 0; it must be from 1 to 2147483647"),
    ])
    func `groups that make no sense are refused`(groups: [CacheGroup], message: String) {
        let error = #expect(throws: SchedulerOptionError.self) { try makeOptions(groups: groups) }
        #expect(error?.message == message)
    }
}
