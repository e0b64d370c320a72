import LLMTensor

/// How the norms of a model are made from their weights.
enum NormStyle: Sendable {
    /// RMSNorm: the root mean square's share, times the weight (Zhang and Sennrich 2019).
    case rms(epsilon: Float)
    /// RMSNorm times 1 + weight (Gemma).
    case rmsPlusOne(epsilon: Float)
    /// Layer norm: mean taken away, divided by the deviation, times the weight, plus the bias (Ba et al. 2016); without
    /// what it does not have.
    case layer(epsilon: Float, weight: Bool = true, bias: Bool)

    var hasWeight: Bool { if case .layer(_, let weight, _) = self { weight } else { true } }
    var hasBias: Bool { if case .layer(_, _, let bias) = self { bias } else { false } }

    /// The norm of these weights and biases.
    func norm(weight: [Float]?, bias: [Float]?) -> Norm {
        switch self {
        case .rms(let epsilon): .rms(RMSNorm(weight: weight ?? [], epsilon: epsilon))
        case .rmsPlusOne(let epsilon): .rms(RMSNorm(weight: (weight ?? []).map { 1 + $0 }, epsilon: epsilon))
        case .layer(let epsilon, _, _): .layer(weight: weight, bias: bias, epsilon: epsilon)
        }
    }
}

/// A norm over the columns of a row; an RMSNorm over each group of as many columns as it has weights.
enum Norm: Sendable {
    case rms(RMSNorm)
    case layer(weight: [Float]?, bias: [Float]?, epsilon: Float)
    /// One for each group of `width` columns.
    indirect case groups([Norm], width: Int)

    /// Computes rows of `x` into `y`, which may be `x`.
    func callAsFunction(_ x: Matrix, into y: Matrix, _ context: ForwardContext) {
        switch self {
        case .rms(let norm): context.compute.rmsNorm(x, norm, into: y)
        case .layer(let weight, let bias, let epsilon):
            context.compute.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: y)
        case .groups(let norms, let width):
            for (index, norm) in norms.enumerated() {
                let columns = index * width..<(index + 1) * width
                norm(x.columns(columns), into: y.columns(columns), context)
            }
        }
    }

    /// The same into a matrix of the workspace.
    func callAsFunction(_ x: Matrix, _ context: ForwardContext) -> Matrix {
        let y = context.workspace.matrix(rows: x.rows, columns: x.columns)
        self(x, into: y, context)
        return y
    }

    /// What is left for a linear layer to do as it reads its rows: an RMSNorm, or nothing over rows that have their norm.
    func fused(_ x: Matrix, _ context: ForwardContext) -> (RMSNorm?, Matrix) {
        if case .rms(let norm) = self { (norm, x) } else { (nil, self(x, context)) }
    }
}
