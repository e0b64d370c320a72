import LLMTensor

/// What a layer does to each token by itself.
protocol FeedForward: Sendable {
    /// The block's output for rows of `x`, after `norm` where there is one, stored in `y` or added to it.
    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext)
}

/// A feed-forward block of two linear layers, so that several such blocks can be computed together.
protocol TwoLayerFeedForward: FeedForward {
    /// `[width or 2 * width, hidden]`
    var up: Linear { get }
    /// `[hidden, width]`
    var down: Linear { get }

    /// What `down` reads, of what `up` puts out.
    func activated(_ ups: Matrix, _ context: ForwardContext) -> Matrix
}

extension TwoLayerFeedForward {
    func callAsFunction(
        _ x: Matrix, after norm: Norm?, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        down(activated(up(x, after: norm, context), context), into: y, output, context)
    }
}

/// Blocks that differ in their weights alone, each over rows of its own of `input`, into the same rows of `y`.
func together(
    _ blocks: [(block: any TwoLayerFeedForward, rows: Range<Int>)], _ input: Activations, into y: Matrix,
    _ context: ForwardContext
) {
    guard let first = blocks.first?.block else { return }
    let ups = context.workspace.matrix(rows: input.rows, columns: first.up.columns)
    Linear.together(blocks.map { ($0.block.up, input.rows($0.rows), ups.rows($0.rows)) }, context)
    let activated = first.activated(ups, context)
    if let observer = context.observer {
        for (block, rows) in blocks { observer(block.down.tensors, activated.rows(rows)) }
    }
    let downInput = context.compute.activations(
        activated, for: blocks.map(\.block.down.weights), in: context.workspace.input)
    Linear.together(blocks.map { ($0.block.down, downInput.rows($0.rows), y.rows($0.rows)) }, context)
}

/// `down(activation(gate x) * up x)` (Shazeer 2020).
struct GatedFeedForward: TwoLayerFeedForward {
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

    let up: Linear  // gates, then ups
    let down: Linear
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
        up = gateUp
        self.down = down
        self.width = width
        self.gate = gate
    }

    /// Gates are applied to ups where they are not yet.
    func activated(_ gateUps: Matrix, _ context: ForwardContext) -> Matrix {
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
struct PlainFeedForward: TwoLayerFeedForward {
    let up: Linear
    let down: Linear
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

    func activated(_ ups: Matrix, _ context: ForwardContext) -> Matrix {
        context.compute.activate(ups, activation, gated: false, into: ups)
        return ups
    }
}
