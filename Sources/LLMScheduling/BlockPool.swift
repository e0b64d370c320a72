/// The fixed set of KV blocks of one cache group: which are free, how often each of the others is referenced, and which
/// of them all hold a prefix that can be used again.
///
/// A block is handed out with one reference and becomes free when its last reference is released. A free block that is
/// cached keeps its contents until it is forgotten. Of the blocks without contents the one freed last is handed out
/// first, so that a pool that is larger than its load touches only the memory it needs; of the cached ones the least
/// recently used is the first to be forgotten. The order is a function of the calls alone. Every operation is O(1).
/// Free + referenced = total, always.
public struct BlockPool: Sendable {
    /// Tokens a block holds.
    public let blockSize: Int
    /// Blocks that hold a prefix which can be used again, referenced or not.
    public private(set) var cachedCount = 0
    private var references: [Int32]  // [blockCount], 0 = free
    private var empty: [BlockID]  // free and not cached; the next one to hand out is last
    private var unused: BlockQueue  // free and cached, least recently used first
    private var nodes: [PrefixTree.NodeID]  // [blockCount], the prefix that a block holds; -1 = not cached

    /// A pool of `blockCount` blocks of `blockSize` tokens, all free. Both are at least 1.
    public init(blockCount: Int, blockSize: Int) {
        precondition(blockCount >= 1 && blockCount <= Int(BlockID.max) && blockSize >= 1)
        self.blockSize = blockSize
        references = Array(repeating: 0, count: blockCount)
        empty = (0..<BlockID(blockCount)).reversed()
        unused = BlockQueue(blockCount: blockCount)
        nodes = Array(repeating: -1, count: blockCount)
    }

    /// Blocks there are.
    public var blockCount: Int { references.count }
    /// Blocks without a reference, cached ones among them.
    public var freeCount: Int { empty.count + unused.count }
    /// Blocks with a reference.
    public var usedCount: Int { references.count - freeCount }
    /// Blocks that are cached and without a reference.
    public var cachedFreeCount: Int { unused.count }

    /// Blocks that `tokenCount` tokens need: `ceil(tokenCount / blockSize)`.
    public func blockCount(covering tokenCount: Int) -> Int {
        (tokenCount + blockSize - 1) / blockSize
    }

    /// How many hold `block`.
    public func referenceCount(of block: BlockID) -> Int { Int(references[Int(block)]) }

    /// Takes a free block that is not cached, with one reference; nil when there is none.
    public mutating func allocate() -> BlockID? {
        guard let block = empty.popLast() else { return nil }
        references[Int(block)] = 1
        return block
    }

    /// Adds a reference to a block that has at least one.
    public mutating func retain(_ block: BlockID) {
        precondition(references[Int(block)] > 0, "block \(block) is free and cannot be retained")
        references[Int(block)] += 1
    }

    /// Takes a reference from a block that has at least one; without references it is free. The blocks of a table are
    /// released from its end, so that a prefix outlives what comes after it.
    public mutating func release(_ block: BlockID) {
        precondition(references[Int(block)] > 0, "block \(block) is free and cannot be released")
        references[Int(block)] -= 1
        guard references[Int(block)] == 0 else { return }
        if isCached(block) { unused.append(block) } else { empty.append(block) }
    }

    // MARK: Cached blocks

    /// Whether `block` holds a prefix that can be used again.
    func isCached(_ block: BlockID) -> Bool { nodes[Int(block)] >= 0 }

    /// The prefix that a cached block holds.
    func node(of block: BlockID) -> PrefixTree.NodeID { nodes[Int(block)] }

    /// The cached block without a reference that was used longest ago; nil when there is none.
    var leastRecentlyUsed: BlockID? { unused.first }

    /// Adds a reference to a cached block, which may be free.
    mutating func reuse(_ block: BlockID) {
        precondition(isCached(block), "block \(block) is not cached")
        if references[Int(block)] == 0 { unused.remove(block) }
        references[Int(block)] += 1
    }

    /// Notes that a referenced block, which is not cached, holds the prefix `node`.
    mutating func cache(_ block: BlockID, as node: PrefixTree.NodeID) {
        precondition(references[Int(block)] > 0 && !isCached(block), "block \(block) is free or cached already")
        nodes[Int(block)] = node
        cachedCount += 1
    }

    /// Notes that a cached block holds no prefix any more.
    mutating func forget(_ block: BlockID) {
        nodes[Int(block)] = -1
        cachedCount -= 1
        guard references[Int(block)] == 0 else { return }
        unused.remove(block)
        empty.append(block)
    }

    /// Makes a cached block without a reference the first to be forgotten.
    mutating func demote(_ block: BlockID) {
        unused.remove(block)
        unused.prepend(block)
    }

    /// Forgets every cached prefix. References stay.
    mutating func forgetAll() {
        // Least recently used last, as blocks that were freed one by one.
        for block in unused.blocks { forget(block) }
        nodes = Array(repeating: -1, count: blockCount)
        cachedCount = 0
    }

    // MARK: For tests

    /// The free blocks in the order in which they will be handed out.
    var freeBlocks: [BlockID] { empty.reversed() + unused.blocks }

    /// What is wrong with the pool, given how many holders name each block; empty when all is well.
    /// `holders` has one count a block.
    public func invariantViolations(holders: [Int]) -> [String] {
        var violations: [String] = []
        var timesFree = Array(repeating: 0, count: blockCount)
        for block in empty {
            timesFree[Int(block)] += 1
            if isCached(block) { violations.append("block \(block) is cached and free as if it were not") }
        }
        for block in unused.blocks {
            timesFree[Int(block)] += 1
            if !isCached(block) { violations.append("block \(block) is not cached and free as if it were") }
        }
        for block in 0..<blockCount {
            let count = Int(references[block])
            if count != holders[block] {
                violations.append("block \(block) has \(count) references and \(holders[block]) holders")
            }
            if timesFree[block] != (count == 0 ? 1 : 0) {
                violations.append("block \(block) has \(count) references and is \(timesFree[block]) times free")
            }
        }
        if nodes.count(where: { $0 >= 0 }) != cachedCount {
            violations.append("\(cachedCount) blocks are counted as cached")
        }
        return violations
    }
}
