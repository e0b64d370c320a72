import CLLMKernels

/// The heads of a gated delta rule layer (Yang et al. 2024).
public struct DeltaHeads: Sendable {
    /// Value heads, each with a state.
    public let values: Int
    /// Query and key heads; each serves `values / keys` value heads.
    public let keys: Int
    /// Whether value heads take key heads in turn; else each key head serves value heads after one another.
    public let isInTurn: Bool
    /// Elements of a query and of a key.
    public let keyDim: Int
    /// Elements of a value.
    public let valueDim: Int
    let rates: [Float]  // [values]
    let biases: [Float]

    /// Columns of all queries, and of all keys.
    public var keyColumns: Int { keys * keyDim }
    /// Columns of all values.
    public var valueColumns: Int { values * valueDim }
    /// Floats of the layer's state.
    public var stateSize: Int { llm_delta_state_size(values, keyDim, valueDim) }

    /// - Parameters:
    ///   - rates: what a state decays with, times the softplus of its gate, `[values]`; below 0, and like `biases` empty in
    ///     a layer that cannot be computed.
    ///   - biases: added to the gates of decays before their softplus, `[values]`.
    ///   - isInTurn: whether value heads take key heads in turn.
    public init(
        values: Int, keys: Int, keyDim: Int, valueDim: Int, rates: [Float], biases: [Float], isInTurn: Bool = false
    ) {
        precondition(keys > 0 && values > 0 && values % keys == 0 && keyDim > 0 && valueDim > 0, "heads")
        precondition(
            rates.count == biases.count && (rates.isEmpty || rates.count == values), "a number for each head")
        self.values = values
        self.keys = keys
        self.isInTurn = isInTurn
        self.keyDim = keyDim
        self.valueDim = valueDim
        self.rates = rates
        self.biases = biases
    }
}

extension Compute {
    /// The gated delta rule over each sequence's rows, into `y`, `[rows, valueColumns]`.
    ///
    /// - Parameters:
    ///   - x: queries, keys and values, `[rows, 2 * keyColumns + valueColumns]`.
    ///   - gates: of each value head's correction, then of its decay, before their functions, `[rows, 2 * values]`.
    ///   - offset: where the rule's part of the layer's state begins.
    public func gatedDelta(
        _ x: Matrix, gates: Matrix, _ heads: DeltaHeads, _ states: LayerStates, offset: Int, into y: Matrix
    ) {
        let keys = heads.keyColumns
        precondition(x.columns == 2 * keys + heads.valueColumns && gates.columns == 2 * heads.values, "delta: inputs")
        precondition(y.columns == heads.valueColumns && !heads.rates.isEmpty, "delta: outputs")
        let kernel = kernels.delta
        heads.rates.withUnsafeBufferPointer { rates in
            heads.biases.withUnsafeBufferPointer { biases in
                let shared = KernelArguments(
                    value: llm_delta_args(
                        q: x.base, k: x.base + keys, v: x.base + 2 * keys, stride: x.stride,
                        decays: gates.base + heads.values, betas: gates.base, gate_stride: gates.stride,
                        rates: rates.baseAddress, biases: biases.baseAddress, out: y.base, out_stride: y.stride,
                        source: nil, target: nil, rows: 0, value_heads: heads.values, key_dim: heads.keyDim,
                        value_dim: heads.valueDim, key_heads: heads.keys, in_turn: heads.isInTurn))
                eachRun(
                    states, offset: offset, count: heads.stateSize,
                    parts: heads.values * llm_delta_panels(heads.valueDim), of: [x, gates, y], work: heads.stateSize
                ) { run, source, target, panel in
                    var arguments = shared.value
                    arguments.q += run.rows.lowerBound * arguments.stride
                    arguments.k += run.rows.lowerBound * arguments.stride
                    arguments.v += run.rows.lowerBound * arguments.stride
                    arguments.decays += run.rows.lowerBound * arguments.gate_stride
                    arguments.betas += run.rows.lowerBound * arguments.gate_stride
                    arguments.out += run.rows.lowerBound * arguments.out_stride
                    arguments.source = source
                    arguments.target = target
                    arguments.rows = run.rows.count
                    kernel(&arguments, panel, panel + 1)
                }
            }
        }
    }
}
