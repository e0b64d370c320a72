import LLMTensor
import LLMWeights

/// A short convolution between two gates: `out(after * conv(before * x))` (Liquid AI 2025, LFM2).
struct GatedConvolution: Mixer {
    private let hidden: Int
    private let projection: Linear  // [3 * hidden, hidden]: before, after, x
    private let convolution: ShortConvolution
    private let output: Linear  // [hidden, hidden]
    private let state: Int

    /// Reads `in_proj`, `conv` and `out_proj`.
    init(_ model: ModelBuilder, hidden: Int, width: Int, bias: Bool) throws(ModelError) {
        self.hidden = hidden
        projection = try model.linear("in_proj", inputs: hidden, outputs: 3 * hidden, bias: bias)
        convolution = try model.convolution("conv", channels: hidden, width: width, bias: bias, silu: false)
        output = try model.linear("out_proj", inputs: hidden, outputs: hidden, bias: bias)
        state = model.state(convolution.stateSize)
    }

    func project(_ x: Matrix, after norm: Norm?, _ context: ForwardContext) -> Matrix {
        let all = projection(x, after: norm, context)
        let (before, after) = (all.columns(0..<hidden), all.columns(hidden..<2 * hidden))
        let y = context.workspace.matrix(rows: x.rows, columns: hidden)
        context.compute.shortConvolution(
            all.columns(2 * hidden..<3 * hidden), times: before, convolution, context.states(state), times: after,
            into: y)
        return y
    }

    func mix(
        _ gated: Matrix, _ rows: BatchRows, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        self.output(gated, into: y, output, context)
    }
}
