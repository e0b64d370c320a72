import Foundation
import LLMJSON
import LLMTensor
import LLMWeights

/// A state-space layer with one decay a head (Mamba-2, Dao and Gu 2024): short convolution, scan, gate, norm.
struct Mamba2Mixer: Mixer {
    private let sizes: Sizes
    // Gates, what is scanned, steps.
    private let projection: Linear  // [inner + scanned + heads, hidden]
    private let convolution: ShortConvolution
    private let heads: Mamba2Heads
    private let norm: Norm?  // of each group
    private let output: Linear  // [hidden, inner]
    private let state: Int
    private let multipliers: [Float]

    /// The sizes of a block.
    struct Sizes {
        let hidden: Int
        let heads: Int
        /// Elements of a head.
        let dim: Int
        let groups: Int
        /// Elements of the state of each element of a head.
        let state: Int
        /// Inputs that the convolution sees.
        let width: Int

        /// What all heads read and put out.
        var inner: Int { heads * dim }
        /// Columns that the convolution and the scan read.
        var scanned: Int { inner + 2 * groups * state }

        /// Columns of gates, inputs, what is written to states and read of them, and steps.
        var parts: [Int] { [inner, inner, groups * state, groups * state, heads] }

        /// `mamba_n_heads`, `mamba_d_head`, `mamba_n_groups`, `mamba_d_state` and `mamba_d_conv`.
        ///
        /// - Parameters:
        ///   - groups: where the config has none.
        ///   - state: where the config has none.
        ///   - expands: whether the heads make `mamba_expand` times the hidden size.
        init(
            _ config: ConfigFile, groups defaultGroups: Int = 1, state defaultState: Int = 256, expands: Bool = true
        ) throws(ModelError) {
            hidden = try config.integer("hidden_size", in: DecoderSizes.hiddenSizes)
            let inner =
                config.has("mamba_d_ssm")
                ? try config.integer("mamba_d_ssm", in: 1...1 << 20)
                : hidden * (try config.integer("mamba_expand", in: 1...64, default: 2))
            heads = try config.integer("mamba_n_heads", in: 1...1 << 14, default: 128)
            let isWorkedOut = config.field("mamba_d_head").map { $0 == .string("auto") } ?? expands
            dim = isWorkedOut ? inner / heads : try config.integer("mamba_d_head", in: 1...1 << 14, default: 64)
            guard heads * dim == inner || !isWorkedOut && !expands else {
                throw config.invalid(
                    "mamba_n_heads",
                    "such that heads of mamba_d_head, \(dim), make mamba_d_ssm or mamba_expand * hidden_size, \(inner)")
            }
            groups = try config.integer("mamba_n_groups", in: 1...1 << 14, default: defaultGroups)
            guard heads % groups == 0 else {
                throw config.invalid("mamba_n_groups", "a divisor of mamba_n_heads, \(heads)")
            }
            state = try config.integer("mamba_d_state", in: 1...Mamba2Heads.maxState, default: defaultState)
            width = try config.integer("mamba_d_conv", in: 2...64, default: 4)
            try config.requireSiLU()
            // How many tokens transformers scans at a time, which here changes nothing.
            for key in ["mamba_chunk_size", "chunk_size"] where config.has(key) {
                _ = try config.integer(key, in: 1...1 << 20)
            }
            try Sizes.refuseTimeStepLimit(config)
        }

        /// Versions of transformers differ in where other limits than none count, and in how they write infinity.
        private static func refuseTimeStepLimit(_ config: ConfigFile) throws(ModelError) {
            let key = "time_step_limit"
            guard let limits = try config.optional(key, .array) else { return }
            func number(_ value: JSONValue) -> Double? {
                let unlimited: [JSONValue] = [.number(.infinity), .object(["__float__": .string("Infinity")])]
                return unlimited.contains(value) ? .infinity : value.finiteNumber
            }
            let bounds = limits.compactMap(number)
            guard limits.count == 2, bounds.count == 2, bounds[0] >= 0, bounds[0] < bounds[1] else {
                throw config.invalid(key, "two numbers from 0 on, the least and the greatest, as [0.0, Infinity]")
            }
            guard bounds == [0, .infinity] else {
                throw config.unsupported(key, "use a model whose steps have no limit, [0.0, Infinity]")
            }
        }
    }

    /// Reads `in_proj`, `conv1d`, `dt_bias`, `A_log`, `D`, `norm` and `out_proj`.
    ///
    /// - Parameters:
    ///   - style: of the norm after the gate; nil for none.
    ///   - bias: of the first projection.
    ///   - outputBias: of the last; nil for that of the first.
    ///   - multipliers: of gates, inputs, what is written to states and read of them, and steps; empty for none.
    init(
        _ model: ModelBuilder, _ sizes: Sizes, norm style: NormStyle?, bias: Bool = false, outputBias: Bool? = nil,
        convolutionBias: Bool, multipliers: [Float] = []
    ) throws(ModelError) {
        self.sizes = sizes
        self.multipliers = multipliers
        projection = try model.linear(
            "in_proj", inputs: sizes.hidden, outputs: sizes.inner + sizes.scanned + sizes.heads, bias: bias)
        convolution = try model.convolution(
            "conv1d", channels: sizes.scanned, width: sizes.width, bias: convolutionBias, silu: true)
        heads = Mamba2Heads(
            count: sizes.heads, dim: sizes.dim, groups: sizes.groups, state: sizes.state,
            stepBias: try model.vector("dt_bias", sizes.heads),
            decay: try model.vector("A_log", sizes.heads).map { Float(-exp(Double($0))) },
            skip: try model.vector("D", sizes.heads))
        if let style {
            // A single one can be a part of the projection behind it.
            norm =
                sizes.groups == 1
                ? try model.norm("norm", sizes.inner, style)
                : try model.norms(rowsOf: "norm", sizes.groups, sizes.inner / sizes.groups, style, isFlat: true)
        } else {
            norm = nil
        }
        output = try model.linear("out_proj", inputs: sizes.inner, outputs: sizes.hidden, bias: outputBias ?? bias)
        state = model.state(convolution.stateSize + heads.stateSize)
    }

    /// The gates, and beside them what the heads put out.
    func project(_ x: Matrix, after norm: Norm?, _ context: ForwardContext) -> Matrix {
        let (inner, states) = (sizes.inner, context.states(state))
        let all = projection(x, after: norm, context)
        var done = 0
        for (multiplier, columns) in zip(multipliers, sizes.parts) {
            context.compute.scale(all.columns(done..<done + columns), by: multiplier)
            done += columns
        }
        context.workspace.scope {
            let scanned = context.workspace.matrix(rows: x.rows, columns: sizes.scanned)
            context.compute.shortConvolution(
                all.columns(inner..<inner + sizes.scanned), convolution, states, into: scanned)
            context.compute.mamba2Scan(
                scanned, steps: all.columns(inner + sizes.scanned..<all.columns), heads, states,
                offset: convolution.stateSize, into: all.columns(inner..<2 * inner))
        }
        return all.columns(0..<2 * inner)
    }

    func mix(
        _ gated: Matrix, _ rows: BatchRows, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext
    ) {
        let heads = context.workspace.matrix(rows: gated.rows, columns: sizes.inner)
        context.compute.activate(gated, .silu, gated: true, into: heads)
        self.output(heads, after: norm, into: y, output, context)
    }
}
