import LLMScheduling
import LLMTestSupport
import Testing

@Suite struct BlockPoolTests {
    @Test func `a new pool hands out its blocks in order, then none`() {
        var pool = BlockPool(blockCount: 3, blockSize: 16)
        #expect((0..<4).map { _ in pool.allocate() } == [0, 1, 2, nil])
        #expect(pool.freeCount == 0 && pool.usedCount == 3)
    }

    @Test func `the block freed last is handed out first`() {
        var pool = BlockPool(blockCount: 4, blockSize: 16)
        for _ in 0..<3 { _ = pool.allocate() }
        pool.release(0)
        pool.release(2)
        #expect((0..<3).map { _ in pool.allocate() } == [2, 0, 3])
    }

    @Test func `a block is free when its last reference is released`() {
        var pool = BlockPool(blockCount: 2, blockSize: 16)
        #expect(pool.allocate() == 0)
        pool.retain(0)
        pool.release(0)
        #expect(pool.referenceCount(of: 0) == 1 && pool.freeCount == 1)
        pool.release(0)
        #expect(pool.referenceCount(of: 0) == 0 && pool.freeCount == 2)
    }

    @Test(arguments: [(0, 0), (1, 1), (15, 1), (16, 1), (17, 2), (32, 2), (33, 3)])
    func `tokens need whole blocks`(tokens: Int, blocks: Int) {
        #expect(BlockPool(blockCount: 1, blockSize: 16).blockCount(covering: tokens) == blocks)
    }

    @Test(arguments: UInt64(0)..<20)
    func `random takes, shares and releases conserve blocks`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var pool = BlockPool(blockCount: 7, blockSize: 16)
        var holders = Array(repeating: 0, count: 7)
        for _ in 0..<500 {
            let block = BlockID.random(in: 0..<7, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                if let block = pool.allocate() {
                    #expect(holders[Int(block)] == 0, "seed \(seed)")
                    holders[Int(block)] += 1
                } else {
                    #expect(!holders.contains(0), "seed \(seed)")
                }
            case 1 where holders[Int(block)] > 0:
                pool.retain(block)
                holders[Int(block)] += 1
            case 2 where holders[Int(block)] > 0:
                pool.release(block)
                holders[Int(block)] -= 1
            default: break
            }
            #expect(pool.invariantViolations(holders: holders) == [], "seed \(seed)")
            #expect(pool.freeCount + pool.usedCount == 7, "seed \(seed)")
        }
    }

    @Test func `a reference without a holder is found`() {
        var pool = BlockPool(blockCount: 2, blockSize: 16)
        _ = pool.allocate()
        #expect(pool.invariantViolations(holders: [1, 0]) == [])
        #expect(pool.invariantViolations(holders: [0, 0]) == ["block 0 has 1 references and 0 holders"])
        #expect(pool.invariantViolations(holders: [1, 1]) == ["block 1 has 0 references and 1 holders"])
    }
}
