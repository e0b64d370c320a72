/// When requests arrive: the gaps between them are gamma variates, as vLLM's `bench serve` draws them.
///
/// Burstiness 1 is a Poisson process, less comes in bursts, more comes evenly, infinite at a constant pace. Where the
/// number of requests is known the times are scaled so that the last one arrives at number / rate, whatever the seed.
package struct ArrivalTimes: Sendable {
    private var random: LoadRandom
    private let burstiness: Double
    private var scale: Double
    private var seconds = 0.0

    /// - Parameters:
    ///   - rate: requests a second, above 0 and finite.
    ///   - burstiness: the gamma distribution's shape, above 0.
    ///   - count: how many requests there will be; nil where that is not known.
    package init(rate: Double, burstiness: Double, seed: UInt64, count: Int?) {
        random = LoadRandom(seed: seed, stream: UInt64.max - 1)
        self.burstiness = burstiness
        scale = burstiness.isInfinite ? 1 / rate : 1 / (rate * burstiness)
        guard let count, burstiness.isFinite else { return }
        var rehearsal = self
        for _ in 0..<count { _ = rehearsal.next() }
        if rehearsal.seconds > 0 { scale *= Double(count) / rate / rehearsal.seconds }
    }

    /// Seconds from the start to the next arrival.
    package mutating func next() -> Double {
        seconds += burstiness.isInfinite ? scale : random.gamma(shape: burstiness) * scale
        return seconds
    }
}
