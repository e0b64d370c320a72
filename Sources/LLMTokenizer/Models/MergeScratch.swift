/// The symbols of a word while they are merged: a linked list, and a heap of the merges that are possible.
///
/// A word of n symbols takes O(n log n). The arrays stay, so that a word allocates nothing.
struct MergeScratch {
    private var ids: [Int32] = []
    /// By symbol: the symbol before it, or -1.
    private var before: [Int32] = []
    /// By symbol: the symbol after it, or `count`.
    private var after: [Int32] = []
    /// By symbol: the rank of its merge with the symbol after it; `none` where there is no such merge.
    private var ranks: [UInt32] = []
    /// Ranks above symbols: the least on top, so that of equal ranks the leftmost comes first.
    private var heap: [UInt64] = []

    private static let none = UInt32.max

    /// The symbols so far.
    var count: Int { ids.count }

    /// Empties the word.
    mutating func clear() { ids.removeAll(keepingCapacity: true) }

    /// Adds a symbol to the word.
    mutating func append(_ id: Int32) { ids.append(id) }

    /// Merges by `merges` as long as a merge is possible, the least rank first, and appends the symbols that are left.
    mutating func merge(by merges: borrowing MergeTable, into output: inout [Int32]) {
        let count = ids.count
        guard count > 1 else {
            output += ids
            return
        }
        if ranks.count < count {
            before = Array(repeating: 0, count: count)
            after = before
            ranks = Array(repeating: 0, count: count)
        }
        heap.removeAll(keepingCapacity: true)
        for symbol in 0..<count {
            before[symbol] = Int32(symbol) - 1
            after[symbol] = Int32(symbol) + 1
            ranks[symbol] = Self.none
            if symbol + 1 < count, let merge = merges.merge(ids[symbol], ids[symbol + 1]) {
                ranks[symbol] = merge.rank
                heap.append(Self.entry(merge.rank, symbol))
            }
        }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
        while let top = pop() {
            let symbol = Int(truncatingIfNeeded: top & 0xFFFF_FFFF)
            // The neighbours have changed since this entry was made.
            guard ranks[symbol] == UInt32(top >> 32) else { continue }
            let next = Int(after[symbol])
            guard let merge = merges.merge(ids[symbol], ids[next]) else { continue }
            ids[symbol] = merge.id
            after[symbol] = after[next]
            ranks[next] = Self.none
            if Int(after[symbol]) < count { before[Int(after[symbol])] = Int32(symbol) }
            renew(symbol, merges, count)
            if before[symbol] >= 0 { renew(Int(before[symbol]), merges, count) }
        }
        var symbol = 0
        while symbol < count {
            output.append(ids[symbol])
            symbol = Int(after[symbol])
        }
    }

    private mutating func renew(_ symbol: Int, _ merges: borrowing MergeTable, _ count: Int) {
        let next = Int(after[symbol])
        guard next < count, let merge = merges.merge(ids[symbol], ids[next]) else {
            ranks[symbol] = Self.none
            return
        }
        ranks[symbol] = merge.rank
        push(Self.entry(merge.rank, symbol))
    }

    private static func entry(_ rank: UInt32, _ symbol: Int) -> UInt64 { UInt64(rank) << 32 | UInt64(symbol) }

    // MARK: The heap

    private mutating func push(_ entry: UInt64) {
        heap.append(entry)
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard entry < heap[parent] else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = entry
    }

    private mutating func pop() -> UInt64? {
        guard let last = heap.popLast() else { return nil }
        guard let top = heap.first else { return last }
        heap[0] = last
        siftDown(0)
        return top
    }

    private mutating func siftDown(_ start: Int) {
        let entry = heap[start]
        var index = start
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < entry else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = entry
    }
}
