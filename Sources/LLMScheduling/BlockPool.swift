/// The fixed set of KV blocks: which are free, and how often each of the others is referenced.
///
/// A block is handed out with one reference and becomes free when its last reference is released. The block freed
/// last is handed out first, so that a pool that is larger than its load touches only the memory it needs, and the
/// order is a function of the calls alone. Every operation is O(1). Free + referenced = total, always.
public struct BlockPool: Sendable {
    /// Tokens a block holds.
    public let blockSize: Int
    private var references: [Int32]  // [blockCount], 0 = free
    private var free: [BlockID]  // the next one to hand out is last

    /// A pool of `blockCount` blocks of `blockSize` tokens, all free. Both are at least 1.
    public init(blockCount: Int, blockSize: Int) {
        precondition(blockCount >= 1 && blockCount <= Int(BlockID.max) && blockSize >= 1)
        self.blockSize = blockSize
        references = Array(repeating: 0, count: blockCount)
        free = (0..<BlockID(blockCount)).reversed()
    }

    /// Blocks there are.
    public var blockCount: Int { references.count }
    /// Blocks nobody references.
    public var freeCount: Int { free.count }
    /// Blocks somebody references.
    public var usedCount: Int { references.count - free.count }

    /// Blocks that `tokenCount` tokens need: `ceil(tokenCount / blockSize)`.
    public func blockCount(covering tokenCount: Int) -> Int {
        (tokenCount + blockSize - 1) / blockSize
    }

    /// How many hold `block`.
    public func referenceCount(of block: BlockID) -> Int { Int(references[Int(block)]) }

    /// Takes a free block, with one reference; nil when none is free.
    public mutating func allocate() -> BlockID? {
        guard let block = free.popLast() else { return nil }
        references[Int(block)] = 1
        return block
    }

    /// Adds a reference to a block that has at least one.
    public mutating func retain(_ block: BlockID) {
        precondition(references[Int(block)] > 0, "block \(block) is free and cannot be retained")
        references[Int(block)] += 1
    }

    /// Takes a reference from a block that has at least one; without references it is free.
    public mutating func release(_ block: BlockID) {
        precondition(references[Int(block)] > 0, "block \(block) is free and cannot be released")
        references[Int(block)] -= 1
        if references[Int(block)] == 0 { free.append(block) }
    }

    /// What is wrong with the pool, given how many holders name each block; empty when all is well.
    /// `holders` has one count a block.
    public func invariantViolations(holders: [Int]) -> [String] {
        var violations: [String] = []
        var timesFree = Array(repeating: 0, count: blockCount)
        for block in free { timesFree[Int(block)] += 1 }
        for block in 0..<blockCount {
            let count = Int(references[block])
            if count != holders[block] {
                violations.append("block \(block) has \(count) references and \(holders[block]) holders")
            }
            if timesFree[block] != (count == 0 ? 1 : 0) {
                violations.append("block \(block) has \(count) references and is \(timesFree[block]) times free")
            }
        }
        return violations
    }
}
