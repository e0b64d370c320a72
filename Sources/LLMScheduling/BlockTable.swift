/// Where a sequence's keys and values are: entry `i` is the block that holds its tokens
/// `i * blockSize ..< (i + 1) * blockSize`. A table owns one reference to each block it names.
struct BlockTable: Sendable {
    private(set) var blocks: [BlockID] = []

    var count: Int { blocks.count }

    /// Makes the table exactly as long as `tokenCount` tokens need. The pool must have the blocks.
    mutating func resize(toCover tokenCount: Int, pool: inout BlockPool) {
        let needed = pool.blockCount(covering: tokenCount)
        while blocks.count < needed {
            guard let block = pool.allocate() else { preconditionFailure("the pool has no block left") }
            blocks.append(block)
        }
        while blocks.count > needed { pool.release(blocks.removeLast()) }
    }
}
