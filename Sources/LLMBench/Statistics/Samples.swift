import Foundation

/// Values of one figure from repeated runs.
public struct Samples: Sendable, Hashable {
    /// The values, in the order of the runs.
    public let values: [Double]

    /// At least one value.
    public init?(_ values: [Double]) {
        guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
        self.values = values
    }

    /// The mean.
    public var mean: Double { values.reduce(0, +) / Double(values.count) }

    /// The standard deviation of the figure, estimated from the runs; nil for a single run.
    public var deviation: Double? { variance.map { $0.squareRoot() } }

    private var variance: Double? {
        guard values.count > 1 else { return nil }
        let mean = mean
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    }

    /// The second figure over the first.
    public struct Ratio: Sendable, Hashable {
        /// The ratio of the means.
        public let ratio: Double
        /// Half the width of the ratio's 95 % interval; nil where a figure has one run only.
        public let spread: Double?

        /// Whether the figures differ by more than the spread; nil where that is not known.
        public var differs: Bool? { spread.map { abs(ratio - 1) > $0 } }
    }

    /// `other` over this; nil where this figure is 0.
    ///
    /// The interval is Welch's, of the difference of the means, over this mean: neither spread nor number of runs have
    /// to be alike.
    public func ratio(of other: Samples) -> Ratio? {
        guard mean != 0 else { return nil }
        let ratio = other.mean / mean
        guard let one = variance, let two = other.variance else { return Ratio(ratio: ratio, spread: nil) }
        let (a, b) = (one / Double(values.count), two / Double(other.values.count))
        guard a + b > 0 else { return Ratio(ratio: ratio, spread: 0) }
        let freedom = (a + b) * (a + b) / (a * a / Double(values.count - 1) + b * b / Double(other.values.count - 1))
        return Ratio(ratio: ratio, spread: Samples.t95(freedom) * (a + b).squareRoot() / abs(mean))
    }

    /// Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
    private static let quantiles = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ]

    /// The quantile for a number of degrees of freedom, rounded down.
    static func t95(_ freedom: Double) -> Double {
        guard freedom < Double(quantiles.count) + 1 else { return 2.042 }
        return quantiles[max(0, Int(freedom) - 1)]
    }
}
