import LLMGen
import LLMTestSupport
import Testing

@Suite struct HistogramTests {
    private func histogram(_ values: [Double], edges: [Double] = [1, 2, 5]) -> Histogram {
        var histogram = Histogram(edges: edges)
        for value in values { histogram.observe(value) }
        return histogram
    }

    @Test func `A value on an edge is in the bucket that the edge closes`() {
        let histogram = histogram([0, 0.5, 1, 1.001, 2, 2.5, 5, 5.001, 1e9, .infinity])
        #expect(histogram.counts == [3, 2, 2, 3])
        #expect(histogram.cumulativeCounts == [3, 5, 7, 10])
        #expect(histogram.count == 10)
    }

    @Test func `What is no number is left out`() {
        let histogram = histogram([.nan, 1])
        #expect(histogram.counts == [1, 0, 0, 0] && histogram.sum == 1 && histogram.mean == 1)
    }

    @Test func `Sum and mean are of the values, not of the buckets`() {
        let histogram = histogram([0.25, 0.5, 4, 100])
        #expect(histogram.sum == 104.75 && histogram.mean == 26.1875)
        #expect(self.histogram([]).mean == nil)
    }

    @Test func `Every value is in the first bucket whose edge it does not exceed`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("histogram: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var edges = Set(
                (0..<Int.random(in: 1...30, using: &random)).map { _ in Double.random(in: 0.1...9, using: &random) })
            edges.insert(4)
            let sorted = edges.sorted()
            let values = (0..<50).map { _ in
                Bool.random(using: &random)
                    ? sorted.randomElement(using: &random)! : .random(in: 0...10, using: &random)
            }
            var expected = Array(repeating: 0, count: sorted.count + 1)
            for value in values { expected[sorted.firstIndex { value <= $0 } ?? sorted.count] += 1 }
            #expect(histogram(values, edges: sorted).counts == expected)
        }
    }

    @Test(arguments: [
        (0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (0.625, 1.5), (0.75, 2.0), (0.875, 3.5), (1.0, 5.0),
    ])
    func `A quantile lies evenly between the edges of its bucket`(fraction: Double, expected: Double) {
        #expect(histogram([0.1, 0.2, 0.3, 0.4, 1.1, 1.9, 2.1, 3]).quantile(fraction) == expected)
    }

    @Test func `A quantile passes over empty buckets`() {
        #expect(histogram([0.5, 3, 3, 3]).quantile(0.5) == 3)
        #expect(histogram([3]).quantile(0) == 2)
    }

    @Test func `Above the last edge that edge is all that is known, and of no values nothing`() {
        #expect(histogram([1, 10, 20, 30]).quantile(0.9) == 5)
        #expect(histogram([10]).quantile(0.5) == 5)
        #expect(histogram([]).quantile(0.5) == nil)
    }

    @Test func `A quantile is off by no more than its bucket is wide`() {
        let values = (1...1000).map { Double($0) / 100 }  // 0.01 to 10, evenly
        let histogram = histogram(values, edges: [0.5, 1, 2.5, 5, 7.5, 10])
        for fraction in stride(from: 0.0, through: 1, by: 0.01) {
            #expect(abs(histogram.quantile(fraction)! - fraction * 10) < 0.02)
        }
    }
}
