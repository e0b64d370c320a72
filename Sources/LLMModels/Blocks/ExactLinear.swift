import Foundation

/// A small linear layer in float64, whose sums go in the order of the inputs.
public struct ExactLinear: Sendable {
    private let rows: [[Float]]  // [outputs, inputs]
    private let bias: [Float]?  // [outputs]

    /// - Precondition: the rows are of one length, and there is a bias for each where there are some.
    public init(rows: [[Float]], bias: [Float]? = nil) {
        precondition(rows.allSatisfy { $0.count == rows[0].count } && bias?.count ?? rows.count == rows.count, "sizes")
        self.rows = rows
        self.bias = bias
    }

    /// How many elements it puts out.
    public var outputs: Int { rows.count }

    /// What becomes of `[inputs]`.
    public func callAsFunction(_ x: [Double]) -> [Double] {
        rows.indices.map { index in
            let row = rows[index]
            precondition(x.count == row.count, "\(x.count) elements for \(row.count)")
            var sum = 0.0
            for element in x.indices { sum += x[element] * Double(row[element]) }
            return sum + Double(bias?[index] ?? 0)
        }
    }
}

/// A part of an output head, for who wants the logits of a few tokens and not of the whole vocabulary.
public struct OutputRows: Sendable {
    let linear: ExactLinear
    let scale: Float?
    let softcap: Float?

    /// The logits of a hidden state, `[hidden]`.
    public func logits(of state: [Double]) -> [Double] {
        linear(state).map { logit in
            let scaled = scale.map { logit * Double($0) } ?? logit
            return softcap.map { Double($0) * tanh(scaled / Double($0)) } ?? scaled
        }
    }
}
