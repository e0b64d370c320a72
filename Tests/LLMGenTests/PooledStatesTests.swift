import LLMGen
import LLMTensor
import Testing

/// The arithmetic between hidden states and a vector.
@Suite struct PooledStatesTests {
    private func matrix(_ rows: [[Float]]) -> Matrix {
        let matrix = Matrix(rows: rows.count, columns: rows[0].count)
        for (index, row) in rows.enumerated() { matrix.setRow(index, row) }
        return matrix
    }

    @Test func `The mean is a float64 sum in the order of the positions, whatever the chunks`() {
        // In float32, or in another order, the ones are lost beside the large values.
        let rows: [[Float]] = [[1e10, 1], [1, 2], [-1e10, 3], [1, 6]]
        for cut in 1...3 {
            var states = PooledStates(.mean)
            states.append(matrix(Array(rows[..<cut])), at: 0)
            states.append(matrix(Array(rows[cut...])), at: cut)
            #expect(states.pooled() == [0.5, 3])
        }
    }

    static let poolings: [(Pooling, [Double], [Double])] = [
        (.mean, [3, 4], [4.5, 1]), (.meanOverRoot, [6, 8], [9 / 2.0.squareRoot(), 2 / 2.0.squareRoot()]),
        (.weightedMean, [4, 1.8], [34 / 7.0, 0]), (.max, [7, 10], [7, 8]),
        (.first, [0, 10], [2, 8]), (.last, [7, -6], [7, -6]),
    ]

    @Test(arguments: poolings)
    func `Each pooling has its vector, with and without the first tokens, whatever the chunks`(
        pooling: Pooling, whole: [Double], without: [Double]
    ) {
        let rows: [[Float]] = [[0, 10], [3, 4], [2, 8], [7, -6]]
        for cut in 1...3 {
            for (skipped, expected) in [(0, whole), (2, without)] {
                var states = PooledStates(pooling, skipping: skipped)
                states.append(matrix([[9, 9]]), at: 0)
                states.append(matrix(Array(rows[..<cut])), at: 0)
                states.append(matrix(Array(rows[cut...])), at: cut)
                #expect(states.pooled() == expected, "\(skipped) of \(cut)")
            }
        }
    }

    @Test(arguments: Pooling.allCases, [Float.nan, .infinity, -.infinity])
    func `What is no finite number has no vector`(pooling: Pooling, value: Float) {
        var states = PooledStates(pooling)
        let rows: [[Float]] = [[value, 0], [1, 2], [pooling == .max && value == -.infinity ? 2 : value, 3]]
        states.append(matrix(rows), at: 0)
        let isHidden = pooling == .max && value == -.infinity
        #expect(states.pooled() == (isHidden ? [2, 3] : nil))
    }

    @Test func `No states have no vector`() { #expect(PooledStates(.mean).pooled() == nil) }
}
