import LLMTensor

/// What a layer does to each token by itself.
protocol FeedForward: Sendable {
    /// The block's output for rows of `x`, after `norm` where there is one, stored in `y` or added to it.
    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext)
}

/// `down(activation(gate x) * up x)` (Shazeer 2020).
struct GatedFeedForward: FeedForward {
    private let gateUp: Linear  // [2 * width, hidden]
    private let down: Linear  // [hidden, width]
    private let width: Int
    private let activation: Activation

    /// Reads `gate_proj`, `up_proj` and `down_proj`, or what `names` calls them.
    ///
    /// - Parameters:
    ///   - fused: the name of the one tensor that has the gates and then the ups; nil where each has its own.
    ///   - isRead: whether every step reads the weights; not so those of an expert.
    init(
        _ model: ModelBuilder, hidden: Int, width: Int, _ activation: Activation = .silu, bias: Bool = false,
        names: (gate: String, up: String, down: String) = ("gate_proj", "up_proj", "down_proj"), fused: String? = nil,
        isRead: Bool = true
    ) throws(ModelError) {
        self.width = width
        self.activation = activation
        // With SiLU the gates are applied as they leave the registers, else by an op of their own.
        gateUp = try model.linear(
            fused.map { [($0, 2 * width)] } ?? [(names.gate, width), (names.up, width)], inputs: hidden, bias: bias,
            activation == .silu ? .gated : .plain, isRead: isRead)
        down = try model.linear([(names.down, hidden)], inputs: width, bias: bias, isRead: isRead)
    }

    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        var activated = gateUp(x, after: norm, context)
        if activation != .silu {
            let both = activated
            activated = context.workspace.matrix(rows: x.rows, columns: width)
            context.compute.activate(both, activation, gated: true, into: activated)
        }
        down(activated, into: y, output, context)
    }
}

/// `down(activation(up x))` (Vaswani et al. 2017).
struct PlainFeedForward: FeedForward {
    private let up: Linear  // [width, hidden]
    private let down: Linear  // [hidden, width]
    private let activation: Activation

    /// Reads the two matrices that `names` calls.
    init(
        _ model: ModelBuilder, hidden: Int, width: Int, _ activation: Activation, bias: Bool = true,
        names: (up: String, down: String)
    ) throws(ModelError) {
        self.activation = activation
        up = try model.linear(names.up, inputs: hidden, outputs: width, bias: bias)
        down = try model.linear(names.down, inputs: width, outputs: hidden, bias: bias)
    }

    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let activated = up(x, after: norm, context)
        context.compute.activate(activated, activation, gated: false, into: activated)
        down(activated, into: y, output, context)
    }
}
