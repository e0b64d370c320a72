import LLMTensor

/// What a layer does to each token by itself.
protocol FeedForward: Sendable {
    /// The block's output for rows of `x`, after `norm` where there is one, stored in `y` or added to it.
    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext)
}

/// `down(activation(gate x) * up x)` (Shazeer 2020).
struct GatedFeedForward: FeedForward {
    /// What its matrices are called.
    typealias Names = (gate: String, up: String, down: String)

    /// How gates are applied to ups.
    enum Gate: Sendable, Hashable {
        case activation(Activation)
        /// `g sigmoid(alpha g) (u + 1)`, gates bounded from above and ups on both sides (gpt-oss).
        case clamped(alpha: Float, limit: Float)
        /// SiLU of gates times the first factor, by ups times the second.
        case scaled(Float, Float)

        /// With SiLU gates are applied as they leave the registers, else by an op of their own.
        var kind: PackedWeights.Kind { self == .activation(.silu) ? .gated : .plain }
    }

    private let gateUp: Linear  // [2 * width, hidden]
    private let down: Linear  // [hidden, width]
    private let width: Int
    private let gate: Gate

    /// Reads `gate_proj`, `up_proj` and `down_proj`, or what `names` calls them.
    ///
    /// - Parameters:
    ///   - fused: the name of one matrix that has the gates and then the ups; nil for two.
    ///   - isRead: whether every step reads the weights; not so those of an expert.
    init(
        _ model: ModelBuilder, hidden: Int, width: Int, _ gate: Gate, bias: Bool = false,
        names: Names = ("gate_proj", "up_proj", "down_proj"), fused: String? = nil, isRead: Bool = true
    ) throws(ModelError) {
        let parts: [ModelBuilder.Part] = fused.map { [($0, 2 * width)] } ?? [(names.gate, width), (names.up, width)]
        self.init(
            gateUp: try model.linear(parts, inputs: hidden, bias: bias, gate.kind, isRead: isRead),
            down: try model.linear([(names.down, hidden)], inputs: width, bias: bias, isRead: isRead), width: width,
            gate)
    }

    /// The same with an activation alone.
    init(
        _ model: ModelBuilder, hidden: Int, width: Int, _ activation: Activation = .silu, bias: Bool = false,
        names: Names = ("gate_proj", "up_proj", "down_proj"), fused: String? = nil, isRead: Bool = true
    ) throws(ModelError) {
        try self.init(
            model, hidden: hidden, width: width, .activation(activation), bias: bias, names: names, fused: fused,
            isRead: isRead)
    }

    /// - Parameter gateUp: of the kind that `gate` has.
    init(gateUp: Linear, down: Linear, width: Int, _ gate: Gate = .activation(.silu)) {
        self.gateUp = gateUp
        self.down = down
        self.width = width
        self.gate = gate
    }

    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        var activated = gateUp(x, after: norm, context)
        if gate.kind == .plain {
            let both = activated
            activated = context.workspace.matrix(rows: x.rows, columns: width)
            switch gate {
            case .activation(let activation): context.compute.activate(both, activation, gated: true, into: activated)
            case .clamped(let alpha, let limit):
                context.compute.clampedGate(both, alpha: alpha, limit: limit, into: activated)
            case .scaled(let gates, let ups):
                context.compute.scale(both.columns(0..<width), by: gates)
                context.compute.scale(both.columns(width..<2 * width), by: ups)
                context.compute.activate(both, .silu, gated: true, into: activated)
            }
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
    ///
    /// - Parameter isRead: whether every step reads the weights; not so those of an expert.
    init(
        _ model: ModelBuilder, hidden: Int, width: Int, _ activation: Activation, bias: Bool = true,
        names: (up: String, down: String), isRead: Bool = true
    ) throws(ModelError) {
        self.activation = activation
        up = try model.linear(names.up, inputs: hidden, outputs: width, bias: bias, isRead: isRead)
        down = try model.linear(names.down, inputs: width, outputs: hidden, bias: bias, isRead: isRead)
    }

    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let activated = up(x, after: norm, context)
        context.compute.activate(activated, activation, gated: false, into: activated)
        down(activated, into: y, output, context)
    }
}
