package import LLMTensor

/// A text's hidden states on their way to one vector: a sum, or what else the pooling keeps, carried from chunk to chunk.
///
/// It is made in one order, that of the positions, and starts anew where the text does; so it is the same bits however the
/// text was cut, and after a preemption. float64 holds it: a float32 sum over thousands of tokens would lose digits.
package struct PooledStates: Sendable {
    private let pooling: Pooling
    /// Positions at the beginning that do not count.
    private let skipped: Int
    private var vector: [Double] = []  // [hidden]
    private var weight = 0.0

    /// No states yet.
    package init(_ pooling: Pooling, skipping skipped: Int = 0) {
        self.pooling = pooling
        self.skipped = skipped
    }

    /// Takes the states of further positions, `[positions, hidden]`, in order, the first of them at `position`. With
    /// position 0 those taken before are void.
    package mutating func append(_ states: Matrix, at position: Int) {
        if position == 0 { (vector, weight) = ([], 0) }
        for row in max(0, skipped - position)..<max(states.rows, skipped - position) {
            states.withRow(row) { state in take(state.span, at: position + row) }
        }
    }

    private mutating func take(_ state: Span<Float>, at position: Int) {
        let added = pooling == .weightedMean ? Double(position + 1) : 1
        weight += added
        guard !vector.isEmpty else {
            vector = (0..<state.count).map { Double(state[$0]) * added }
            return
        }
        switch pooling {
        case .first: break
        case .last: for index in vector.indices { vector[index] = Double(state[index]) }
        case .max:
            // What is no number stays none.
            for index in vector.indices where !(vector[index] >= Double(state[index])) && !vector[index].isNaN {
                vector[index] = Double(state[index])
            }
        case .mean, .meanOverRoot, .weightedMean:
            for index in vector.indices { vector[index] += Double(state[index]) * added }
        }
    }

    /// The vector, `[hidden]`; nil where it has an element that is no finite number, or no state counted.
    package func pooled() -> [Double]? {
        let divisor =
            switch pooling {
            case .mean, .weightedMean: weight
            case .meanOverRoot: weight.squareRoot()
            case .max, .first, .last: 1.0
            }
        let pooled = vector.map { $0 / divisor }
        return !pooled.isEmpty && pooled.allSatisfy(\.isFinite) ? pooled : nil
    }
}
