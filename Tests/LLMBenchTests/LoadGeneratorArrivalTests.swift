import LLMBench
import Testing

/// When requests come and what random numbers they are made of.
@Suite struct LoadGeneratorArrivalTests {
    private func gaps(rate: Double, burstiness: Double, seed: UInt64, count: Int?, take: Int) -> [Double] {
        let times = times(.rate(rate, burstiness: burstiness), seed: seed, count: count, take: take)
        return zip([0] + times, times).map { $1 - $0 }
    }

    private func times(
        _ arrivals: Arrivals, seed: UInt64 = 1, count: Int?, seconds: Double? = nil, take: Int
    ) -> [Double] {
        var arrivals = ArrivalTimes(arrivals, seed: seed, count: count, seconds: seconds)
        return (0..<take).compactMap { _ in arrivals.next() }
    }

    @Test(arguments: [0.25, 1, 4])
    func `Gaps have the rate's mean and the burstiness's spread`(burstiness: Double) {
        let gaps = gaps(rate: 50, burstiness: burstiness, seed: 7, count: nil, take: 40_000)
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        #expect(abs(mean * 50 - 1) < 0.05)
        // A gamma variate's variance over its mean squared is 1 / shape.
        #expect(abs(variance / (mean * mean) * burstiness - 1) < 0.1)
        #expect(gaps.allSatisfy { $0 >= 0 })
    }

    @Test func `At burstiness 1 the share of long gaps is that of a Poisson process`() {
        let gaps = gaps(rate: 10, burstiness: 1, seed: 3, count: nil, take: 40_000)
        // exp(−2)
        #expect(abs(Double(gaps.count { $0 > 0.2 }) / 40_000 - 0.1353) < 0.01)
    }

    @Test func `Infinite burstiness keeps a constant pace`() {
        #expect(gaps(rate: 8, burstiness: .infinity, seed: 1, count: 4, take: 4) == [0.125, 0.125, 0.125, 0.125])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `A known number of requests takes number over rate, whatever the seed`(seed: UInt64) {
        let total = gaps(rate: 20, burstiness: 0.5, seed: seed, count: 10, take: 10).reduce(0, +)
        #expect(abs(total - 0.5) < 1e-9)
    }

    @Test func `On a ramp the number of arrivals up to a time is the integral of the rate`() {
        // From 10 to 30 a second over 5 s there are 100.
        let ramp = times(.ramp(from: 10, to: 30, burstiness: .infinity), count: 100, take: 100)
        #expect(abs(ramp[99] - 5) < 1e-9)
        for (index, time) in ramp.enumerated() {
            #expect(abs(10 * time + 2 * time * time - Double(index + 1)) < 1e-9)
        }
        // Down to a twentieth of the rate, over a time that is given.
        let down = times(.ramp(from: 20, to: 1, burstiness: .infinity), count: nil, seconds: 10, take: 105)
        #expect(down.count == 105 && abs(down[104] - 10) < 0.5 && zip(down, down.dropFirst()).allSatisfy(<))
        // Past the time at which the rate would be 0 there is none.
        #expect(times(.ramp(from: 20, to: 1, burstiness: .infinity), count: nil, seconds: 10, take: 200).count < 120)
        let even = times(.ramp(from: 4, to: 4, burstiness: .infinity), count: 8, take: 8)
        #expect(even == (1...8).map { Double($0) / 4 })
        // Random gaps are scaled so that the last arrival is at the end.
        let random = times(.ramp(from: 10, to: 30), count: 100, take: 100)
        #expect(abs(random[99] - 5) < 1e-9 && random != ramp)
    }

    @Test func `Recorded times are taken as they are, and end`() {
        let seconds = [0, 0.5, 0.5, 3]
        var arrivals = ArrivalTimes(.recorded, seed: 1, count: 4) { $0 < 4 ? seconds[$0] : nil }
        #expect((0..<5).map { _ in arrivals.next() } == [0, 0.5, 0.5, 3, nil])
    }

    @Test func `A seed and a stream fix the numbers, and others give others`() {
        func draw(_ seed: UInt64, _ stream: UInt64) -> [UInt64] {
            var random = LoadRandom(seed: seed, stream: stream)
            return [random.next(), random.next()]
        }
        #expect(draw(1, 2) == draw(1, 2))
        #expect(Set([draw(1, 2), draw(1, 3), draw(2, 2), draw(2, 1), draw(0, 0)]).count == 5)
    }
}
