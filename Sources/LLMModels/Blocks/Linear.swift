import LLMTensor

/// A linear layer, `x Wᵀ + bias`: one matrix or several stacked along their outputs. One that was only described holds no
/// weights and cannot be computed.
struct Linear: Sendable {
    let inputs: Int
    /// Columns of what it puts out: of gated weights half as many as there are outputs.
    let columns: Int
    let bias: [Float]?
    /// The names of its matrices in the checkpoint.
    let tensors: [String]
    private let packed: PackedWeights?  // [outputs, inputs]

    init(_ tensors: [String], inputs: Int, columns: Int, _ packed: PackedWeights?, bias: [Float]? = nil) {
        self.tensors = tensors
        self.inputs = inputs
        self.columns = columns
        self.packed = packed
        self.bias = bias
    }

    var weights: PackedWeights {
        guard let packed else { preconditionFailure("a layer that was only described") }
        return packed
    }

    /// Computes rows of `x`, after `norm` where there is one, into `y` or added to it.
    func callAsFunction(
        _ x: Matrix, after norm: Norm? = nil, into y: Matrix, _ output: LinearOutput,
        _ context: ForwardContext
    ) {
        let compute = context.compute
        if let observer = context.observer {
            context.workspace.scope { observer(tensors, norm?(x, context) ?? x) }
        }
        let (fused, x) = norm?.fused(x, context) ?? (nil, x)
        let input = compute.activations(x, norm: fused, for: weights, in: context.workspace.input)
        compute.linear(input, weights, bias: bias, into: y, output)
    }

    /// The same into a matrix of the workspace.
    func callAsFunction(_ x: Matrix, after norm: Norm? = nil, _ context: ForwardContext) -> Matrix {
        let y = context.workspace.matrix(rows: x.rows, columns: columns)
        self(x, after: norm, into: y, .store, context)
        return y
    }

    /// A layer that is computed together with others: what it reads and where its outputs go.
    typealias Job = (layer: Linear, input: Activations, y: Matrix)

    /// Several layers as one job of the pool, so that many small matrices are read as one large one is.
    static func together(_ jobs: [Job], _ context: ForwardContext) {
        context.compute.linear(
            jobs.map { LinearJob($0.input, $0.layer.weights, bias: $0.layer.bias, into: $0.y) })
    }

    /// Several layers over the same rows, after `norm` where there is one.
    static func together(
        _ layers: [(layer: Linear, y: Matrix)], _ x: Matrix, after norm: Norm?, _ context: ForwardContext
    ) {
        if let observer = context.observer {
            context.workspace.scope {
                let x = norm?(x, context) ?? x
                for layer in layers { observer(layer.layer.tensors, x) }
            }
        }
        let (fused, x) = norm?.fused(x, context) ?? (nil, x)
        let input = context.compute.activations(
            x, norm: fused, for: layers.map(\.layer.weights), in: context.workspace.input)
        together(layers.map { ($0.layer, input, $0.y) }, context)
    }
}
