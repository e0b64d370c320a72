/// Where a sequence's keys and values are: entry `i` is the block that holds its tokens
/// `i * blockSize ..< (i + 1) * blockSize`. A table owns one reference to each block it names.
struct BlockTable: Sendable {
    private(set) var blocks: [BlockID] = []

    var count: Int { blocks.count }

    /// Makes the table exactly as long as `tokenCount` tokens need. The pool must have the blocks.
    mutating func resize(toCover tokenCount: Int, pool: inout BlockPool) {
        let needed = pool.blockCount(covering: tokenCount)
        while blocks.count < needed { blocks.append(pool.take()) }
        while blocks.count > needed { pool.release(blocks.removeLast()) }
    }

    /// Appends a cached block and refers to it.
    mutating func append(cached block: BlockID, pool: inout BlockPool) {
        pool.reuse(block)
        blocks.append(block)
    }

    /// Puts the cached `block`, which holds the same, in the place of entry `index`.
    mutating func replace(_ index: Int, withCached block: BlockID, pool: inout BlockPool) {
        pool.reuse(block)
        pool.release(blocks[index])
        blocks[index] = block
    }

    /// Puts a block of its own in the place of entry `index` and returns the one that was there, whose reference is now
    /// the caller's.
    mutating func exchange(_ index: Int, pool: inout BlockPool) -> BlockID {
        let shared = blocks[index]
        blocks[index] = pool.take()
        return shared
    }

    /// A second table of the same blocks.
    func shared(pool: inout BlockPool) -> BlockTable {
        for block in blocks { pool.retain(block) }
        return self
    }
}

extension BlockPool {
    fileprivate mutating func take() -> BlockID {
        guard let block = allocate() else { preconditionFailure("the pool has no block left") }
        return block
    }
}
