/// The times of a load's requests: gaps are gamma variates, as vLLM's `bench serve` draws them.
///
/// Where the number of requests is known the times are scaled so that the last one arrives at number / rate, whatever the
/// seed. At a rate that changes, arrivals of rate 1 are moved to where the integral of the rate is theirs.
package struct ArrivalTimes: Sendable {
    private let arrivals: Arrivals
    private let recorded: @Sendable (Int) -> Double?
    private var random: LoadRandom
    private var index = 0
    /// Arrivals so far at a rate of one a second.
    private var unit = 0.0
    private var scale = 1.0
    /// Seconds over which the rate changes.
    private var rampSeconds = 0.0

    /// - Parameters:
    ///   - count: how many requests there will be; nil where that is not known.
    ///   - seconds: how long requests come; nil where that is not known.
    ///   - recorded: the times of the dataset.
    package init(
        _ arrivals: Arrivals, seed: UInt64, count: Int?, seconds: Double? = nil,
        recorded: @escaping @Sendable (Int) -> Double? = { _ in nil }
    ) {
        self.arrivals = arrivals
        self.recorded = recorded
        random = LoadRandom(seed: seed, stream: UInt64.max - 1)
        if case .ramp(let from, let to, _) = arrivals {
            rampSeconds = seconds ?? 2 * Double(count ?? 1) / (from + to)
        }
        guard let count, let shape, shape.isFinite else { return }
        var rehearsal = self
        for _ in 0..<count { rehearsal.advance() }
        if rehearsal.unit > 0 { scale = Double(count) / rehearsal.unit }
    }

    private var shape: Double? {
        switch arrivals {
        case .rate(_, let burstiness), .ramp(_, _, let burstiness): burstiness
        case .immediate, .recorded: nil
        }
    }

    private mutating func advance() {
        let shape = shape ?? .infinity
        unit += shape.isInfinite ? 1 : random.gamma(shape: shape) / shape * scale
    }

    /// Seconds from the start to the next arrival; nil after the last time that was recorded.
    package mutating func next() -> Double? {
        index += 1
        advance()
        switch arrivals {
        case .immediate: return 0
        case .recorded: return recorded(index - 1)
        case .rate(let rate, _): return unit / rate
        case .ramp(let from, let to, _):
            // from · t + slope · t² = unit
            let slope = (to - from) / (2 * rampSeconds)
            guard slope != 0 else { return unit / from }
            let root = from * from + 4 * slope * unit
            // Where the rate has come to 0 before, no arrival is left.
            return root < 0 ? nil : ((root.squareRoot() - from) / (2 * slope))
        }
    }
}
