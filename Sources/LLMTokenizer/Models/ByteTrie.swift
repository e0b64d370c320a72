/// Finds every token that a text begins with: a trie over bytes.
struct ByteTrie: Sendable {
    /// Sorted by parent, then by label: the children of a node lie side by side.
    private var firstChild: [Int32] = [0]
    private var labels: [UInt8] = []
    private var targets: [Int32] = []
    /// By node: the id of the token that ends there, or -1.
    private var ids: [Int32] = [-1]

    /// The trie of `tokens`; of equal ones the last counts.
    init(_ tokens: [(bytes: ArraySlice<UInt8>, id: Int32)]) {
        let sorted = tokens.enumerated().sorted {
            $0.element.bytes.lexicographicallyPrecedes($1.element.bytes)
                || (!$1.element.bytes.lexicographicallyPrecedes($0.element.bytes) && $0.offset < $1.offset)
        }.map(\.element)
        // Breadth first: each node's children are made when the node is visited, and so lie together.
        var nodes: [(range: Range<Int>, depth: Int)] = [(0..<sorted.count, 0)]
        var next = 0
        firstChild = []
        ids = []
        while next < nodes.count {
            var (range, depth) = nodes[next]
            next += 1
            firstChild.append(Int32(labels.count))
            var id: Int32 = -1
            while let first = range.first, sorted[first].bytes.count == depth {
                id = sorted[first].id
                range = first + 1..<range.upperBound
            }
            ids.append(id)
            while let first = range.first {
                let label = sorted[first].bytes[sorted[first].bytes.startIndex + depth]
                var end = first + 1
                while end < range.upperBound, sorted[end].bytes[sorted[end].bytes.startIndex + depth] == label {
                    end += 1
                }
                labels.append(label)
                targets.append(Int32(nodes.count))
                nodes.append((first..<end, depth + 1))
                range = end..<range.upperBound
            }
        }
        firstChild.append(Int32(labels.count))
    }

    /// Calls `body` with the length and the id of each token that `text` begins with at `start`, the shortest first.
    func forEachPrefix(of text: Span<UInt8>, from start: Int, _ body: (Int, Int32) -> Void) {
        let firstChild = firstChild.span
        let labels = labels.span
        var node = 0
        var position = start
        while position < text.count {
            let byte = text[position]
            var (low, high) = (Int(firstChild[node]), Int(firstChild[node + 1]))
            let end = high
            while low < high {
                let middle = (low + high) / 2
                if labels[middle] < byte { low = middle + 1 } else { high = middle }
            }
            guard low < end, labels[low] == byte else { return }
            node = Int(targets[low])
            position += 1
            if ids[node] >= 0 { body(position - start, ids[node]) }
        }
    }
}
