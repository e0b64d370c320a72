import CLLMKernels

/// A short causal convolution of each channel by itself.
public struct ShortConvolution: Sendable {
    /// Inputs that an output depends on, its own row's included.
    public let width: Int
    /// Columns that it has.
    public let channels: Int
    let weight: [Float]  // [width, channels]
    let bias: [Float]?  // [channels]
    let silu: Bool

    /// Floats of the layer's state: the last `width - 1` inputs.
    public var stateSize: Int { (width - 1) * channels }

    /// - Parameters:
    ///   - weight: `[channels, width]`, the oldest input's first; like `bias` empty in a layer that cannot be computed.
    ///   - bias: `[channels]`; nil for none.
    ///   - silu: whether SiLU follows.
    public init(weight: [Float], bias: [Float]?, width: Int, channels: Int, silu: Bool) {
        precondition(width > 1 && (weight.isEmpty || weight.count == width * channels), "convolution: weight")
        precondition(bias.map { $0.count == (weight.isEmpty ? 0 : channels) } ?? true, "convolution: bias")
        self.width = width
        self.channels = channels
        self.weight = weight.indices.map { weight[$0 % channels * width + $0 / channels] }
        self.bias = bias
        self.silu = silu
    }
}

/// The heads of a Mamba-2 layer (Dao and Gu 2024).
public struct Mamba2Heads: Sendable {
    /// Heads there are.
    public let count: Int
    /// Elements of a head.
    public let dim: Int
    /// Groups of heads that share what is written to and read of their states.
    public let groups: Int
    /// Elements of the state of each element of a head.
    public let state: Int
    let stepBias: [Float]  // [count]
    let decay: [Float]
    let skip: [Float]

    /// The most that ``state`` may be.
    public static let maxState = Int(LLM_MAX_STATE)

    /// Floats of the layer's state.
    public var stateSize: Int { llm_mamba2_state_size(count, dim, state) }

    /// - Parameters:
    ///   - stepBias: added to the steps before their softplus, `[count]`; like the others empty in a layer that cannot
    ///     be computed.
    ///   - decay: what a state decays with, times the step, `[count]`; below 0.
    ///   - skip: of what a head reads, added to what it puts out, `[count]`.
    public init(
        count: Int, dim: Int, groups: Int, state: Int, stepBias: [Float], decay: [Float], skip: [Float]
    ) {
        precondition(count > 0 && dim > 0 && groups > 0 && count % groups == 0, "heads")
        precondition((1...Mamba2Heads.maxState).contains(state), "state")
        let numbers = [stepBias, decay, skip]
        precondition(
            numbers.allSatisfy(\.isEmpty) || numbers.allSatisfy { $0.count == count }, "a number for each head")
        self.count = count
        self.dim = dim
        self.groups = groups
        self.state = state
        self.stepBias = stepBias
        self.decay = decay
        self.skip = skip
    }
}

extension Compute {
    /// The convolution of each sequence's rows, `y = after * silu(conv(x * before))`, all `[rows, channels]`. `before` and
    /// `after` are columns of the same matrix as `x`.
    ///
    /// - Parameter offset: where the convolution's part of the layer's state begins.
    public func shortConvolution(
        _ x: Matrix, times before: Matrix? = nil, _ convolution: ShortConvolution, _ states: LayerStates,
        offset: Int = 0, times after: Matrix? = nil, into y: Matrix
    ) {
        let channels = convolution.channels
        for matrix in [x, before, after].compactMap(\.self) {
            precondition(
                matrix.columns == channels && matrix.stride == x.stride && matrix.rows == x.rows, "convolution: sizes")
        }
        precondition(y.columns == channels && !convolution.weight.isEmpty, "convolution: outputs")
        let kernel = kernels.shortConvolution
        let piece = 256  // channels
        convolution.weight.withUnsafeBufferPointer { weight in
            withOptionalPointer(convolution.bias) { bias in
                let shared = KernelArguments(
                    value: llm_short_convolution_args(
                        x: nil, before: nil, after: nil, x_stride: x.stride, weight: weight.baseAddress, bias: bias,
                        y: nil, y_stride: y.stride, source: nil, target: nil, rows: 0, channels: channels,
                        width: convolution.width, silu: convolution.silu))
                eachRun(
                    states, offset: offset, count: convolution.stateSize, parts: (channels + piece - 1) / piece,
                    of: [x, y], work: channels * convolution.width
                ) { run, source, target, part in
                    var arguments = shared.value
                    arguments.x = UnsafePointer(x.base + run.rows.lowerBound * x.stride)
                    arguments.before = before.map { UnsafePointer($0.base + run.rows.lowerBound * $0.stride) }
                    arguments.after = after.map { UnsafePointer($0.base + run.rows.lowerBound * $0.stride) }
                    arguments.y = y.base + run.rows.lowerBound * y.stride
                    arguments.source = source
                    arguments.target = target
                    arguments.rows = run.rows.count
                    kernel(&arguments, part * piece, min((part + 1) * piece, channels))
                }
            }
        }
    }

    /// Mamba-2's scan of each sequence's rows: from `x`, which has the heads' inputs, then for each group what is written
    /// to states and then what is read of them, `[rows, heads * dim + 2 * groups * state]`, and the heads' `steps`,
    /// `[rows, heads]`, into `y`, `[rows, heads * dim]`.
    ///
    /// - Parameter offset: where the scan's part of the layer's state begins.
    public func mamba2Scan(
        _ x: Matrix, steps: Matrix, _ heads: Mamba2Heads, _ states: LayerStates, offset: Int, into y: Matrix
    ) {
        let (inner, grouped) = (heads.count * heads.dim, heads.groups * heads.state)
        precondition(x.columns == inner + 2 * grouped && steps.columns == heads.count, "scan: inputs")
        precondition(y.columns == inner && !heads.decay.isEmpty, "scan: outputs")
        let kernel = kernels.mamba2Scan
        heads.stepBias.withUnsafeBufferPointer { stepBias in
            heads.decay.withUnsafeBufferPointer { decay in
                heads.skip.withUnsafeBufferPointer { skip in
                    let shared = KernelArguments(
                        value: llm_mamba2_scan_args(
                            x: x.base, b: x.base + inner, c: x.base + inner + grouped, x_stride: x.stride,
                            step: steps.base, step_stride: steps.stride, step_bias: stepBias.baseAddress,
                            decay: decay.baseAddress, skip: skip.baseAddress, y: y.base, y_stride: y.stride,
                            source: nil, target: nil, rows: 0, heads: heads.count, head_dim: heads.dim,
                            groups: heads.groups, state: heads.state))
                    // Heads of a piece share what is written to their states and read of them.
                    let piece = max(1, min(4, heads.count * states.sequences.count / (pool.threads * 8)))
                    eachRun(
                        states, offset: offset, count: heads.stateSize, parts: (heads.count + piece - 1) / piece,
                        of: [x, steps, y], work: inner * heads.state
                    ) { run, source, target, part in
                        var arguments = shared.value
                        arguments.x += run.rows.lowerBound * arguments.x_stride
                        arguments.b += run.rows.lowerBound * arguments.x_stride
                        arguments.c += run.rows.lowerBound * arguments.x_stride
                        arguments.step += run.rows.lowerBound * arguments.step_stride
                        arguments.y += run.rows.lowerBound * arguments.y_stride
                        arguments.source = source
                        arguments.target = target
                        arguments.rows = run.rows.count
                        kernel(&arguments, part * piece, min((part + 1) * piece, heads.count))
                    }
                }
            }
        }
    }
}
