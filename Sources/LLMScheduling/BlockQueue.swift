/// A first-in first-out line of blocks from whose middle a block can be taken: a list linked through two arrays.
/// Every operation is O(1).
struct BlockQueue: Sendable {
    private var next: [BlockID]  // [blockCount + 1]; the last entry is the ring's end, which holds first and last
    private var previous: [BlockID]  // [blockCount + 1]; -1 for a block that is not in line
    private(set) var count = 0

    /// An empty line for blocks `0 ..< blockCount`.
    init(blockCount: Int) {
        next = Array(repeating: -1, count: blockCount + 1)
        previous = next
        next[blockCount] = BlockID(blockCount)
        previous[blockCount] = BlockID(blockCount)
    }

    private var end: BlockID { BlockID(next.count - 1) }

    /// The block that has been in line longest.
    var first: BlockID? { count > 0 ? next[Int(end)] : nil }

    func contains(_ block: BlockID) -> Bool { previous[Int(block)] >= 0 }

    /// Puts a block that is not in line at its end.
    mutating func append(_ block: BlockID) { insert(block, before: end) }

    private mutating func insert(_ block: BlockID, before after: BlockID) {
        precondition(!contains(block), "block \(block) is in line already")
        let before = previous[Int(after)]
        next[Int(before)] = block
        previous[Int(block)] = before
        next[Int(block)] = after
        previous[Int(after)] = block
        count += 1
    }

    /// Puts a block that is not in line before all others.
    mutating func prepend(_ block: BlockID) { insert(block, before: next[Int(end)]) }

    /// Takes a block out of the line, wherever it stands.
    mutating func remove(_ block: BlockID) {
        precondition(contains(block), "block \(block) is not in line")
        let (before, after) = (previous[Int(block)], next[Int(block)])
        next[Int(before)] = after
        previous[Int(after)] = before
        next[Int(block)] = -1
        previous[Int(block)] = -1
        count -= 1
    }

    /// The blocks in line, the first one first. O(count).
    var blocks: [BlockID] {
        var blocks: [BlockID] = []
        var block = next[Int(end)]
        while block != end {
            blocks.append(block)
            block = next[Int(block)]
        }
        return blocks
    }
}
