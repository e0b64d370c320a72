import LLMTensor
import LLMTestSupport
import Testing

/// Layers with states: what they compute is the same bits however a sequence's rows are divided into runs.
@Suite struct LayerStatesTests {
    private static let rows = 70

    /// Runs of a sequence over the slots of one layer; none reads what an earlier test case has left.
    private static let runs: [[StateRun]] = [
        [StateRun(rows: 0..<70, source: nil, target: 0)],
        [StateRun(rows: 0..<70, source: nil, target: 0)],
        [StateRun(rows: 0..<1, source: nil, target: 0), StateRun(rows: 1..<70, source: 0, target: 0)],
        [
            StateRun(rows: 0..<33, source: nil, target: 2), StateRun(rows: 33..<35, source: 2, target: 1),
            StateRun(rows: 35..<70, source: 1, target: 2),
        ],
        (0..<70).map { StateRun(rows: $0..<$0 + 1, source: $0 == 0 ? nil : 1, target: 1) },
    ]

    private var random = SeededGenerator(seed: 12)

    private mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in random.float() } }

    private mutating func matrix(_ columns: Int) -> Matrix {
        let matrix = Matrix(rows: LayerStatesTests.rows, columns: columns)
        for row in 0..<matrix.rows { matrix.setRow(row, floats(columns)) }
        return matrix
    }

    private func outputs(
        _ columns: Int, state: Int, _ compute: (LayerStates, Matrix) -> Void
    ) -> [[[Float]]] {
        let slots = StateSlots(sizes: [1, state + 3], count: 3)
        return LayerStatesTests.runs.map { runs in
            let y = Matrix(rows: LayerStatesTests.rows, columns: columns)
            compute(LayerStates(slots, layer: 1, [runs]), y)
            return (0..<y.rows).map { y.row($0) }
        }
    }

    @Test mutating func `A convolution gives the same bits in runs of any length`() {
        let compute = Compute(threads: 2)
        let convolution = ShortConvolution(
            weight: floats(300 * 4), bias: floats(300), width: 4, channels: 300, silu: true)
        let all = matrix(900)
        let results = outputs(300, state: convolution.stateSize) { states, y in
            compute.shortConvolution(
                all.columns(0..<300), times: all.columns(300..<600), convolution, states, offset: 3,
                times: all.columns(600..<900), into: y)
        }
        for result in results { #expect(result == results[0]) }
    }

    @Test mutating func `A scan gives the same bits in runs of any length`() {
        let compute = Compute(threads: 2)
        let heads = Mamba2Heads(
            count: 6, dim: 40, groups: 2, state: 21, stepBias: floats(6), decay: floats(6).map { $0 - 1 },
            skip: floats(6))
        let (x, steps) = (matrix(6 * 40 + 4 * 21), matrix(6))
        let results = outputs(240, state: heads.stateSize) { states, y in
            compute.mamba2Scan(x, steps: steps, heads, states, offset: 3, into: y)
        }
        for result in results { #expect(result == results[0]) }
    }

    @Test mutating func `Sequences of a batch go on each from its own slot`() {
        let compute = Compute(threads: 3)
        let convolution = ShortConvolution(weight: floats(20 * 3), bias: nil, width: 3, channels: 20, silu: false)
        let x = matrix(20)
        let slots = StateSlots(sizes: [convolution.stateSize], count: 2)
        func run(_ sequences: [[StateRun]]) -> [[Float]] {
            let y = Matrix(rows: x.rows, columns: 20)
            compute.shortConvolution(x, convolution, LayerStates(slots, layer: 0, sequences), into: y)
            return (0..<y.rows).map { y.row($0) }
        }
        let alone = [0..<30, 30..<70].map { Array(run([[StateRun(rows: $0, source: nil, target: 0)]])[$0]) }
        let begun = run([
            [StateRun(rows: 0..<10, source: nil, target: 0)], [StateRun(rows: 30..<41, source: nil, target: 1)],
        ])
        let ended = run([
            [StateRun(rows: 10..<30, source: 0, target: 0)], [StateRun(rows: 41..<70, source: 1, target: 1)],
        ])
        #expect(begun[0..<10] + ended[10..<30] == alone[0][...])
        #expect(begun[30..<41] + ended[41..<70] == alone[1][...])
    }
}
