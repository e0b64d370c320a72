/// How long a step will take, learned from those that were.
///
/// A step costs something by itself (the weights are read once), something a row, a row with logits, and a pair of
/// tokens that attention looks at. Steps are kept as running means by size class, one for each power of two of rows, so
/// that a long stretch of small steps does not wash out what large ones cost. The four costs are fitted to the means by
/// least squares of the relative error, none below zero; what the fit misses of the class asked for is made good by that
/// class's own ratio. Durations of one class scatter, so what they were off lately, on average, comes on top: a bound is
/// to hold on a noisy machine too. Durations are nanoseconds.
struct StepCostModel: Sendable {
    private struct SizeClass: Sendable {
        var features = Features()
        var nanoseconds = 0.0
        var ratio = 1.0  // observed over fitted
        var spread = 0.0  // mean of how far off the prediction was, relative to it
    }

    /// [step, rows, outputs, attended pairs], the latter three in units that make the costs alike in size.
    private typealias Features = SIMD4<Double>

    private var classes: [SizeClass?] = Array(repeating: nil, count: 32)  // by the bits of the number of rows
    private var costs = Features()
    private var decayedNanoseconds = 0.0
    private var decayedRows = 0.0

    /// How much one step counts in its class's mean.
    private static let weight = 0.25
    /// How much one step counts in the mean of how far off predictions were.
    private static let spreadWeight = 0.1

    /// Nanoseconds a computed token took lately; nil before the first step.
    var nanosecondsPerRow: Double? { decayedRows > 0 ? decayedNanoseconds / decayedRows : nil }

    mutating func observe(_ work: StepWork, nanoseconds: Int64) {
        guard work.rows > 0, nanoseconds > 0 else { return }
        let index = Self.sizeClass(work)
        let expected = predicted(work)
        var mean = classes[index] ?? SizeClass(features: Self.features(work), nanoseconds: Double(nanoseconds))
        mean.features += (Self.features(work) - mean.features) * Self.weight
        mean.nanoseconds += (Double(nanoseconds) - mean.nanoseconds) * Self.weight
        if let expected, classes[index] != nil {
            // A step that took twice as long as expected or longer met with something that says nothing of the next.
            let error = min(abs(Double(nanoseconds) / expected - 1), 1)
            mean.spread += (error - mean.spread) * Self.spreadWeight
        }
        classes[index] = mean
        decayedNanoseconds = decayedNanoseconds * 0.9 + Double(nanoseconds)
        decayedRows = decayedRows * 0.9 + Double(work.rows)
        fit()
    }

    /// Nanoseconds that the step takes on average; nil before the first step.
    func predicted(_ work: StepWork) -> Double? {
        nearestClass(work).map { Self.dot(costs, Self.features(work)) * $0.ratio }
    }

    /// Nanoseconds that the step will hardly exceed; nil before the first step.
    func bounded(_ work: StepWork) -> Double? {
        nearestClass(work).map { Self.dot(costs, Self.features(work)) * $0.ratio * (1 + $0.spread) }
    }

    private func nearestClass(_ work: StepWork) -> SizeClass? {
        (classes[...Self.sizeClass(work)].last { $0 != nil } ?? classes.first { $0 != nil }) ?? nil
    }

    /// The most rows, from `rows` up, that a step may have so that no size between is new but the last: what has not been
    /// measured is approached class by class, since the fit may be far off in a wide gap.
    func explorableRows(from rows: Int) -> Int {
        let first = Self.sizeClass(StepWork(positions: 0..<rows, outputs: 0))
        let unknown = classes[first...].firstIndex { $0 == nil } ?? classes.count
        return 2 << unknown - 1
    }

    private static func sizeClass(_ work: StepWork) -> Int {
        min(31, Int.bitWidth - max(work.rows, 1).leadingZeroBitCount - 1)
    }

    private static func features(_ work: StepWork) -> Features {
        Features(1, Double(work.rows) / 16, Double(work.outputs) / 16, Double(work.attended) / 65536)
    }

    private static func dot(_ one: Features, _ other: Features) -> Double { (one * other).sum() }

    // MARK: The fit

    private mutating func fit() {
        var active = [0, 1, 2, 3]
        while true {
            let solution = solve(active)
            guard let worst = active.indices.min(by: { solution[$0] < solution[$1] }), solution[worst] < 0 else {
                costs = Features()
                for (place, feature) in active.enumerated() { costs[feature] = solution[place] }
                break
            }
            active.remove(at: worst)
        }
        for index in classes.indices {
            guard let mean = classes[index] else { continue }
            let fitted = Self.dot(costs, mean.features)
            classes[index]?.ratio = fitted > 0 ? mean.nanoseconds / fitted : 1
        }
    }

    /// The costs of the `active` features that fit the class means best, by normal equations with a slight pull to zero,
    /// which decides what the means leave open.
    private func solve(_ active: [Int]) -> [Double] {
        let count = active.count
        var matrix = Array(repeating: Array(repeating: 0.0, count: count + 1), count: count)
        for case let mean? in classes {
            for row in 0..<count {
                let x = mean.features[active[row]] / mean.nanoseconds
                for column in 0..<count { matrix[row][column] += x * mean.features[active[column]] / mean.nanoseconds }
                matrix[row][count] += x
            }
        }
        for row in 0..<count { matrix[row][row] = matrix[row][row] * (1 + 1e-6) + 1e-300 }
        for pivot in 0..<count {
            for row in 0..<count where row != pivot {
                let factor = matrix[row][pivot] / matrix[pivot][pivot]
                for column in pivot...count { matrix[row][column] -= factor * matrix[pivot][column] }
            }
        }
        return (0..<count).map { matrix[$0][count] / matrix[$0][$0] }
    }
}
