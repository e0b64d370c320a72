package import LLMTensor

/// A text's hidden states on their way to one vector: a sum that is carried from chunk to chunk.
///
/// The sum has one order, that of the positions, and starts from zero where the prompt does; so it is the same bits however
/// the prompt was cut, and after a preemption. float64 holds it: a float32 sum over thousands of tokens would lose digits.
package struct PooledStates: Sendable {
    private var sum: [Double] = []  // [hidden]
    private var count = 0

    /// No states yet.
    package init() {}

    /// Takes the states of further positions, `[positions, hidden]`, in order.
    ///
    /// - Parameter restarts: whether these are the first ones, so that those taken before are void.
    package mutating func append(_ states: Matrix, restarts: Bool) {
        if restarts || sum.isEmpty {
            sum = Array(repeating: 0, count: states.columns)
            count = 0
        }
        for row in 0..<states.rows {
            states.withRow(row) { state in
                for index in sum.indices { sum[index] += Double(state[index]) }
            }
        }
        count += states.rows
    }

    /// The mean of the states, `[hidden]`; nil where it has an element that is no finite number.
    ///
    /// - Parameter normalize: whether it is scaled to length 1; zeros stay zeros.
    package func mean(normalize: Bool) -> [Float]? {
        let mean = sum.map { $0 / Double(count) }
        guard mean.allSatisfy(\.isFinite) else { return nil }
        var square = 0.0
        for element in mean { square += element * element }
        let length = normalize && square > 0 ? square.squareRoot() : 1
        return mean.map { Float($0 / length) }
    }
}
