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
        down(activated(gateUp(x, after: norm, context), context), into: y, output, context)
    }

    /// Several blocks of the same sizes, each over rows of its own of `x`, into the same rows of `y`.
    static func together(
        _ blocks: [(block: GatedFeedForward, rows: Range<Int>)], _ x: Matrix, into y: Matrix, _ context: ForwardContext
    ) {
        guard let first = blocks.first?.block else { return }
        let gateUps = context.workspace.matrix(rows: x.rows, columns: first.gateUp.columns)
        Linear.together(blocks.map { ($0.block.gateUp, $0.rows) }, x, into: gateUps, context)
        Linear.together(blocks.map { ($0.block.down, $0.rows) }, first.activated(gateUps, context), into: y, context)
    }

    /// What `gateUp` puts out, with gates applied to ups where they are not yet.
    private func activated(_ gateUps: Matrix, _ context: ForwardContext) -> Matrix {
        guard gate.kind == .plain else { return gateUps }
        let activated = context.workspace.matrix(rows: gateUps.rows, columns: width)
        switch gate {
        case .activation(let activation): context.compute.activate(gateUps, activation, gated: true, into: activated)
        case .clamped(let alpha, let limit):
            context.compute.clampedGate(gateUps, alpha: alpha, limit: limit, into: activated)
        case .scaled(let gates, let ups):
            context.compute.scale(gateUps.columns(0..<width), by: gates)
            context.compute.scale(gateUps.columns(width..<2 * width), by: ups)
            context.compute.activate(gateUps, .silu, gated: true, into: activated)
        }
        return activated
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
