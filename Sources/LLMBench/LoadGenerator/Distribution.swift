/// A measure's distribution over requests or tokens.
public struct Distribution: Sendable, Hashable {
    /// How many values there were.
    public let count: Int
    /// The mean.
    public let mean: Double
    /// The standard deviation of the values themselves, which divides by their count.
    public let standardDeviation: Double
    /// The 50th percentile.
    public let median: Double
    /// The 90th percentile.
    public let p90: Double
    /// The 95th percentile.
    public let p95: Double
    /// The 99th percentile.
    public let p99: Double
    /// The largest value.
    public let max: Double

    /// The distribution of `values`; nil where there are none.
    public init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let last = sorted.last else { return nil }
        let mean = sorted.reduce(0, +) / Double(sorted.count)
        count = sorted.count
        self.mean = mean
        standardDeviation =
            (sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(sorted.count)).squareRoot()
        median = Distribution.percentile(50, ofSorted: sorted)
        p90 = Distribution.percentile(90, ofSorted: sorted)
        p95 = Distribution.percentile(95, ofSorted: sorted)
        p99 = Distribution.percentile(99, ofSorted: sorted)
        max = last
    }

    /// A percentile by linear interpolation between the two nearest values, which is NumPy's default.
    ///
    /// - Parameters:
    ///   - percent: 0 to 100.
    ///   - sorted: at least one value, ascending.
    public static func percentile(_ percent: Double, ofSorted sorted: [Double]) -> Double {
        let place = percent / 100 * Double(sorted.count - 1)
        let below = Int(place)
        let above = Swift.min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}
