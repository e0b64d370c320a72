import Foundation
import LLMTensor
import LLMWeights

/// Linear attention by the gated delta rule (Yang et al. 2024): short convolution of queries, keys and values, the rule over
/// them, norm of each head, gate.
struct GatedDeltaNet: Mixer {
    private let heads: DeltaHeads
    private let projection: Linear  // [2 * (values + keys), hidden]: gates of the output, queries, keys, values
    private let gates: Linear  // [2 * values, hidden]: of corrections, of decays
    private let convolution: ShortConvolution
    private let queryNorm: RMSNorm  // of each head
    private let keyNorm: RMSNorm
    private let norm: Norm  // of each head
    private let output: Linear  // [hidden, valueColumns]
    private let state: Int

    /// The sizes of a block.
    struct Sizes {
        let hidden: Int
        let values: Int
        let keys: Int
        let keyDim: Int
        let valueDim: Int
        /// Inputs that the convolution sees.
        let width: Int
        /// Whether value heads take key heads in turn, as in GGUF files; else each key head serves so many after one another.
        let isInTurn: Bool

        /// `linear_num_value_heads`, `linear_num_key_heads`, `linear_key_head_dim`, `linear_value_head_dim` and
        /// `linear_conv_kernel_dim`.
        init(_ config: ConfigFile) throws(ModelError) {
            hidden = try config.integer("hidden_size", in: DecoderSizes.hiddenSizes)
            values = try config.integer("linear_num_value_heads", in: 1...1 << 14, default: 32)
            keys = try config.integer("linear_num_key_heads", in: 1...1 << 14, default: 16)
            guard values % keys == 0 else {
                throw config.invalid("linear_num_key_heads", "a divisor of linear_num_value_heads, \(values)")
            }
            keyDim = try config.integer("linear_key_head_dim", in: 1...512, default: 128)
            valueDim = try config.integer("linear_value_head_dim", in: 1...512, default: 128)
            width = try config.integer("linear_conv_kernel_dim", in: 2...64, default: 4)
            isInTurn = try config.flag("linear_value_heads_in_turn", default: false)
            try config.requireSiLU()
        }

        fileprivate var keyColumns: Int { keys * keyDim }
        fileprivate var valueColumns: Int { values * valueDim }

        /// Matrices of gates, and of queries, keys and values.
        fileprivate var parts: [ModelBuilder.Part] {
            [("in_proj_z", valueColumns), ("in_proj_qkv", 2 * keyColumns + valueColumns)]
        }

        /// Where each key head has its parts together, the row of a part that is wanted head by head: `part` is of
        /// `counts`, the rows of each part of a key head.
        fileprivate func groupedRow(_ row: Int, part: Int, of counts: [Int]) -> Int {
            let (head, element) = (row / counts[part], row % counts[part])
            return head * counts.reduce(0, +) + counts[..<part].reduce(0, +) + element
        }
    }

    /// How the matrices that a block reads its rows with are stored.
    enum Layout {
        /// `in_proj_qkvz` and `in_proj_ba`, where each key head has all that is its own together (Qwen3-Next).
        case grouped
        /// `in_proj_qkv`, `in_proj_z`, `in_proj_b` and `in_proj_a` (Qwen3.5).
        case split
    }

    /// Reads the layout's matrices, `conv1d`, `dt_bias`, `A_log`, `norm` and `out_proj`.
    init(_ model: ModelBuilder, _ sizes: Sizes, _ layout: Layout, norm style: NormStyle) throws(ModelError) {
        let (keys, values) = (sizes.keyColumns, sizes.valueColumns)
        switch layout {
        case .grouped:
            let shared = sizes.values / sizes.keys
            let counts = [sizes.keyDim, sizes.keyDim, shared * sizes.valueDim, shared * sizes.valueDim]
            // GGUF files have them apart.
            projection =
                model.has("in_proj_qkv.weight")
                ? try model.linear(sizes.parts, inputs: sizes.hidden)
                : try model.linear(
                    [("in_proj_qkvz", 2 * (keys + values))], inputs: sizes.hidden,
                    order: { row in
                        if row < values { return sizes.groupedRow(row, part: 3, of: counts) }
                        let row = row - values
                        let part = min(row / keys, 2)
                        return sizes.groupedRow(row - part * keys, part: part, of: counts)
                    })
            gates = try model.linear(
                [("in_proj_ba", 2 * sizes.values)], inputs: sizes.hidden,
                order: { row in
                    sizes.groupedRow(row % sizes.values, part: row / sizes.values, of: [shared, shared])
                }, exact: true)
        case .split:
            projection = try model.linear(sizes.parts, inputs: sizes.hidden)
            gates = try model.linear(
                [("in_proj_b", sizes.values), ("in_proj_a", sizes.values)], inputs: sizes.hidden, exact: true)
        }
        convolution = try model.convolution(
            "conv1d", channels: 2 * keys + values, width: sizes.width, bias: false, silu: true)
        heads = DeltaHeads(
            values: sizes.values, keys: sizes.keys, keyDim: sizes.keyDim, valueDim: sizes.valueDim,
            rates: try model.vector("A_log", sizes.values).map { Float(-exp(Double($0))) },
            biases: try model.vector("dt_bias", sizes.values), isInTurn: sizes.isInTurn)
        // Queries and keys are brought to length 1, queries then divided by the root of their size: the RMSNorm of a
        // constant weight.
        let (dim, epsilon) = (Float(sizes.keyDim), Float(1e-6))
        queryNorm = RMSNorm(weight: Array(repeating: 1 / dim, count: sizes.keyDim), epsilon: epsilon / dim)
        keyNorm = RMSNorm(
            weight: Array(repeating: 1 / dim.squareRoot(), count: sizes.keyDim), epsilon: epsilon / dim)
        norm = try model.norm("norm", sizes.valueDim, style)
        output = try model.linear("out_proj", inputs: values, outputs: sizes.hidden)
        state = model.state(convolution.stateSize + heads.stateSize)
    }

    /// The gates of the output, and beside them what the heads have read of their states.
    func project(_ x: Matrix, after norm: Norm?, _ context: ForwardContext) -> Matrix {
        let (keys, values, states) = (heads.keyColumns, heads.valueColumns, context.states(state))
        let compute = context.compute
        let all = context.workspace.matrix(rows: x.rows, columns: projection.columns)
        context.workspace.scope {
            let gates = context.workspace.matrix(rows: x.rows, columns: gates.columns)
            Linear.together([(projection, all), (self.gates, gates)], x, after: norm, context)
            let mixed = context.workspace.matrix(rows: x.rows, columns: 2 * keys + values)
            compute.shortConvolution(all.columns(values..<all.columns), convolution, states, into: mixed)
            let (query, key) = (mixed.columns(0..<keys), mixed.columns(keys..<2 * keys))
            compute.rmsNorm(query, queryNorm, into: query)
            compute.rmsNorm(key, keyNorm, into: key)
            // In the place of what the convolution has read.
            compute.gatedDelta(
                mixed, gates: gates, heads, states, offset: convolution.stateSize,
                into: all.columns(values..<2 * values))
        }
        return all.columns(0..<2 * values)
    }

    func mix(
        _ gated: Matrix, _ rows: BatchRows, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let read = gated.columns(heads.valueColumns..<2 * heads.valueColumns)
        norm(read, into: read, context)
        let heads = context.workspace.matrix(rows: gated.rows, columns: read.columns)
        context.compute.activate(gated, .silu, gated: true, into: heads)
        self.output(heads, into: y, output, context)
    }
}
