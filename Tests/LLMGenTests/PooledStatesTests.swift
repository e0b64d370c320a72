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
            var states = PooledStates()
            states.append(matrix(Array(rows[..<cut])), restarts: true)
            states.append(matrix(Array(rows[cut...])), restarts: false)
            #expect(states.mean(normalize: false) == [0.5, 3])
        }
    }

    @Test func `States that come from the first position again take the place of those before`() {
        var states = PooledStates()
        states.append(matrix([[9, 9], [9, 9]]), restarts: true)
        states.append(matrix([[1, 2]]), restarts: true)
        states.append(matrix([[3, 4]]), restarts: false)
        #expect(states.mean(normalize: false) == [2, 3])
    }

    @Test func `Length 1, and zeros stay zeros`() {
        for (row, scaled) in [
            ([3, 4], [0.6, 0.8]), ([0, 0], [0, 0]), ([1e-30, 0], [1, 0]), ([-3e38, 0], [-1, 0]),
        ]
            as [([Float], [Float])]
        {
            var states = PooledStates()
            states.append(matrix([row]), restarts: true)
            #expect(states.mean(normalize: true) == scaled && states.mean(normalize: false) == row)
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func `What is no finite number has no mean`(value: Float) {
        var states = PooledStates()
        states.append(matrix([[1, 2], [value, 0], [-value, 0]]), restarts: true)
        #expect(states.mean(normalize: true) == nil && states.mean(normalize: false) == nil)
    }
}
