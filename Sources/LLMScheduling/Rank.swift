/// A sequence's place in line: lower is served first and preempted last. No two live sequences share one.
struct Rank: Comparable, Hashable, Sendable {
    /// 0 for all under first come, first served.
    let priority: Int
    let arrival: UInt64
    /// Tells the sequences apart that one request became, in the order in which they did.
    let branch: UInt64

    static func < (left: Rank, right: Rank) -> Bool {
        (left.priority, left.arrival, left.branch) < (right.priority, right.arrival, right.branch)
    }
}

extension RandomAccessCollection where Element == SequenceState, Index == Int {
    /// Where a sequence of `rank` is or belongs, in a line ordered by rank. O(log count).
    func insertionIndex(of rank: Rank) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle].rank < rank { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Where the sequence of `rank` is, in a line ordered by rank; nil when it is elsewhere. O(log count).
    func index(of rank: Rank) -> Int? {
        let index = insertionIndex(of: rank)
        return index < endIndex && self[index].rank == rank ? index : nil
    }
}
