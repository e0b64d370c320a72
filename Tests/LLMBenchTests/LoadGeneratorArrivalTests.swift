import LLMBench
import Testing

/// When requests come and what random numbers they are made of.
@Suite struct LoadGeneratorArrivalTests {
    private func gaps(rate: Double, burstiness: Double, seed: UInt64, count: Int?, take: Int) -> [Double] {
        var arrivals = ArrivalTimes(rate: rate, burstiness: burstiness, seed: seed, count: count)
        var last = 0.0
        return (0..<take).map { _ in
            let time = arrivals.next()
            defer { last = time }
            return time - last
        }
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

    @Test func `A seed and a stream fix the numbers, and others give others`() {
        func draw(_ seed: UInt64, _ stream: UInt64) -> [UInt64] {
            var random = LoadRandom(seed: seed, stream: stream)
            return [random.next(), random.next()]
        }
        #expect(draw(1, 2) == draw(1, 2))
        #expect(Set([draw(1, 2), draw(1, 3), draw(2, 2), draw(2, 1), draw(0, 0)]).count == 5)
    }
}
