import LLMTensor
import LLMWeights

/// What scores a text by its hidden states: one row of them, a linear layer with an activation, and a row of the output
/// layer for each label.
struct SequenceClassifier: Sendable {
    /// The row that is made of a text's.
    enum Pooling: Sendable {
        case first, mean
    }

    /// The function between the two layers.
    enum Function: Sendable {
        case tanh
        case activation(Activation)
    }

    /// Scores of a text.
    let labels: Int
    private let pooling: Pooling
    private let dense: Linear  // [hidden, hidden]
    private let function: Function
    private let norm: Norm?
    private let output: Linear  // [labels, hidden]

    /// Reads the layers that `names` calls, and a norm between them where it calls one.
    init(
        _ model: ModelBuilder, labels: Int, hidden: Int, _ function: Function, pooling: Pooling = .first,
        bias: Bool = true, norm: (name: String, style: NormStyle)? = nil, names: (dense: String, output: String)
    ) throws(ModelError) {
        self.labels = labels
        self.pooling = pooling
        self.function = function
        // So little of a model's weights that nothing is gained by another format.
        dense = try model.linear(names.dense, inputs: hidden, outputs: hidden, bias: bias, exact: true)
        self.norm = if let norm { try model.norm(norm.name, hidden, norm.style) } else { nil }
        output = try model.linear(names.output, inputs: hidden, outputs: labels, bias: true, exact: true)
    }

    /// The scores of texts, `[texts, labels]`, of the hidden states of all rows.
    func callAsFunction(_ states: Matrix, _ texts: [Range<Int>], _ context: ForwardContext) -> Matrix {
        let compute = context.compute
        let pooled = context.workspace.matrix(rows: texts.count, columns: states.columns)
        switch pooling {
        case .first: compute.copyRows(states, texts.map(\.lowerBound), into: pooled)
        case .mean:
            let terms = texts.map { text in text.map { (row: $0, weight: 1 / Float(text.count)) } }
            compute.weightedSum(states, terms, into: pooled)
        }
        let x = dense(pooled, context)
        switch function {
        case .tanh: compute.softcap(x, 1)
        case .activation(let activation): compute.activate(x, activation, gated: false, into: x)
        }
        return output(x, after: norm, context)
    }
}

extension ConfigFile {
    /// How many labels a classifier has; of transformers' configs those without a count have two.
    func labels() throws(ModelError) -> Int {
        let named = try object("id2label")?.keys.count ?? 2
        return try integer("num_labels", in: 1...1 << 20, default: max(1, named))
    }
}
