/// The fixed set of KV blocks: which are free, how often each of the others is referenced, and which of them all hold a
/// prefix that can be used again.
///
/// A block is handed out with one reference and becomes free when its last reference is released. A free block that is
/// cached keeps its contents until it is handed out. Blocks without contents go first, the one freed last before the
/// others, so that a pool that is larger than its load touches only the memory it needs; then cached ones, least
/// recently used first. The order is a function of the calls alone. Every operation is O(1), those on the cache
/// O(block). Free + referenced = total, always.
public struct BlockPool: Sendable {
    /// Tokens a block holds.
    public let blockSize: Int
    private var references: [Int32]  // [blockCount], 0 = free
    private var empty: [BlockID]  // free and not cached; the next one to hand out is last
    private var unused: BlockQueue  // free and cached, least recently used first
    private(set) var cache: PrefixCache

    /// A pool of `blockCount` blocks of `blockSize` tokens, all free. Both are at least 1.
    public init(blockCount: Int, blockSize: Int) {
        self.init(blockCount: blockCount, blockSize: blockSize, hashBits: 64)
    }

    init(blockCount: Int, blockSize: Int, hashBits: Int) {
        precondition(blockCount >= 1 && blockCount <= Int(BlockID.max) && blockSize >= 1)
        self.blockSize = blockSize
        references = Array(repeating: 0, count: blockCount)
        empty = (0..<BlockID(blockCount)).reversed()
        unused = BlockQueue(blockCount: blockCount)
        cache = PrefixCache(blockSize: blockSize, hashBits: hashBits)
    }

    /// Blocks there are.
    public var blockCount: Int { references.count }
    /// Blocks nobody references, cached ones among them.
    public var freeCount: Int { empty.count + unused.count }
    /// Blocks somebody references.
    public var usedCount: Int { references.count - freeCount }
    /// Blocks that hold a prefix which can be used again, referenced or not.
    public var cachedCount: Int { cache.count }
    /// Blocks that hold such a prefix and that nobody references.
    public var cachedFreeCount: Int { unused.count }

    /// Blocks that `tokenCount` tokens need: `ceil(tokenCount / blockSize)`.
    public func blockCount(covering tokenCount: Int) -> Int {
        (tokenCount + blockSize - 1) / blockSize
    }

    /// How many hold `block`.
    public func referenceCount(of block: BlockID) -> Int { Int(references[Int(block)]) }

    /// Takes a free block, with one reference; nil when none is free. A cached one is forgotten.
    public mutating func allocate() -> BlockID? {
        if let block = empty.popLast() {
            references[Int(block)] = 1
            return block
        }
        guard let block = unused.first else { return nil }
        unused.remove(block)
        cache.remove(block)
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
        if cache.contains(block) { unused.append(block) } else { empty.append(block) }
    }

    /// Adds a reference to a cached block, which may be free.
    mutating func reuse(_ block: BlockID) {
        precondition(cache.contains(block), "block \(block) is not cached")
        if references[Int(block)] == 0 { unused.remove(block) }
        references[Int(block)] += 1
    }

    /// Caches a full block that a table references; see `PrefixCache.insert`.
    mutating func cache(
        _ block: BlockID, _ tokens: [TokenID], _ range: Range<Int>, after link: PrefixCache.Link
    ) -> PrefixCache.Link? {
        cache.insert(block, tokens, range, after: link)
    }

    /// Forgets every cached prefix. References stay.
    mutating func resetCache() {
        // Least recently used last, as blocks that were freed one by one.
        for block in unused.blocks {
            unused.remove(block)
            empty.append(block)
        }
        cache.removeAll()
    }

    /// The free blocks in the order in which they will be handed out, then each cached block, its parent and its tokens.
    var states: [[Int]] {
        let free = empty.reversed() + unused.blocks
        return [free.map(Int.init)]
            + (0..<BlockID(blockCount)).filter { cache.contains($0) }.map { block in
                [Int(block), Int(cache.parent(of: block) ?? -1)] + cache.tokens(of: block).map(Int.init)
            }
    }

    /// What is wrong with the pool, given how many holders name each block; empty when all is well.
    /// `holders` has one count a block.
    public func invariantViolations(holders: [Int]) -> [String] {
        var violations = cache.invariantViolations()
        var timesFree = Array(repeating: 0, count: blockCount)
        for block in empty {
            timesFree[Int(block)] += 1
            if cache.contains(block) { violations.append("block \(block) is cached and free as if it were not") }
        }
        for block in unused.blocks {
            timesFree[Int(block)] += 1
            if !cache.contains(block) { violations.append("block \(block) is not cached and free as if it were") }
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
        return violations
    }
}
