/// How often values fell into each of some fixed ranges, and their sum: Prometheus's histogram.
///
/// With the edges 1 and 5 there are three buckets: values up to 1, above 1 up to 5, and above 5.
public struct Histogram: Sendable, Hashable {
    /// The highest value of each bucket but the last, rising.
    public let edges: [Double]
    /// Values in each bucket; one more bucket than edges, for the values above the last.
    public private(set) var counts: [Int]
    /// The sum of all values.
    public private(set) var sum: Double = 0
    /// Values in all buckets.
    public private(set) var count = 0

    /// An empty histogram.
    ///
    /// - Precondition: there is an edge, and the edges are above 0 and rise.
    public init(edges: [Double]) {
        precondition(!edges.isEmpty && zip([0] + edges, edges).allSatisfy(<), "edges \(edges)")
        self.edges = edges
        counts = Array(repeating: 0, count: edges.count + 1)
    }

    /// Counts a value; one that is no number is left out. O(log n) for n edges.
    public mutating func observe(_ value: Double) {
        guard !value.isNaN else { return }
        var (low, high) = (0, edges.count)
        while low < high {
            let middle = (low + high) / 2
            if value <= edges[middle] { high = middle } else { low = middle + 1 }
        }
        counts[low] += 1
        count += 1
        sum += value
    }

    /// The mean of the values; nil where there are none.
    public var mean: Double? { count == 0 ? nil : sum / Double(count) }

    /// For each bucket, the values in it and in those below, as Prometheus's text format has them; the last is `count`.
    public var cumulativeCounts: [Int] {
        var total = 0
        return counts.map { count in
            total += count
            return total
        }
    }

    /// An estimate of the value that a share of `fraction` of the values does not exceed; nil where there are none.
    ///
    /// The values of a bucket are taken to be spread evenly from its lower edge, 0 for the first, to its upper. Of those
    /// above the last edge only that is known, so that edge is the answer. This is the estimate of Prometheus's
    /// `histogram_quantile`.
    ///
    /// - Precondition: `fraction` is from 0 to 1.
    public func quantile(_ fraction: Double) -> Double? {
        precondition(0...1 ~= fraction, "quantile \(fraction)")
        guard count > 0 else { return nil }
        let rank = fraction * Double(count)
        var below = 0
        for (index, edge) in edges.enumerated() where counts[index] > 0 {
            if Double(below + counts[index]) >= rank {
                let lower = index == 0 ? 0 : edges[index - 1]
                return lower + (edge - lower) * (rank - Double(below)) / Double(counts[index])
            }
            below += counts[index]
        }
        return edges.last
    }
}
