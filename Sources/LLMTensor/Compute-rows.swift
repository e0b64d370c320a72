import CLLMKernels

extension Compute {
    /// RMSNorm of each row, or of each group of `norm.weight.count` columns in it. `y` may be `x`.
    public func rmsNorm(_ x: Matrix, _ norm: RMSNorm, into y: Matrix) {
        let width = norm.weight.count
        precondition(x.rows == y.rows && x.columns == y.columns, "rmsNorm: sizes")
        precondition(width > 0 && x.columns % width == 0, "rmsNorm: weight")
        norm.weight.withUnsafeBufferPointer { weight in
            let arguments = KernelArguments(
                value: llm_rms_norm_args(
                    x: x.base, x_stride: x.stride, weight: weight.baseAddress, y: y.base, y_stride: y.stride,
                    groups: x.columns / width, width: width, epsilon: norm.epsilon))
            let kernel = kernels.rmsNorm
            overRows(x.rows, elements: x.rows * x.columns) { range in
                withUnsafePointer(to: arguments.value) { kernel($0, range.lowerBound, range.upperBound) }
            }
        }
    }

    /// Layer norm of each row: its mean taken away, divided by its deviation, times the weight, plus the bias. `y` may be
    /// `x`.
    public func layerNorm(_ x: Matrix, weight: [Float]?, bias: [Float]?, epsilon: Float, into y: Matrix) {
        precondition(x.rows == y.rows && x.columns == y.columns, "layerNorm: sizes")
        precondition((weight?.count ?? x.columns) == x.columns, "layerNorm: weight")
        precondition((bias?.count ?? x.columns) == x.columns, "layerNorm: bias")
        withOptionalPointer(weight) { weight in
            withOptionalPointer(bias) { bias in
                let arguments = KernelArguments(
                    value: llm_layer_norm_args(
                        x: x.base, x_stride: x.stride, weight: weight, bias: bias, y: y.base, y_stride: y.stride,
                        width: x.columns, epsilon: epsilon))
                let kernel = kernels.layerNorm
                overRows(x.rows, elements: x.rows * x.columns) { range in
                    withUnsafePointer(to: arguments.value) { kernel($0, range.lowerBound, range.upperBound) }
                }
            }
        }
    }

    /// Which elements of a head rotate together.
    public enum RotaryLayout: Sendable, Hashable {
        /// Elements `i` and `i + half` (Hugging Face's Llama).
        case half
        /// Elements `2 i` and `2 i + 1` (RoFormer, Su et al. 2021).
        case interleaved
    }

    /// Rotates the pairs of each head of `headDim` columns, in place, by the row's angles. The rotated part of a head
    /// begins at its element `offset` and has two elements for each angle.
    public func rope(
        _ x: Matrix, headDim: Int, _ table: RotaryTable, _ layout: RotaryLayout = .half, offset: Int = 0
    ) {
        let half = table.cosines.columns
        precondition(headDim > 0 && x.columns % headDim == 0, "rope: heads")
        precondition(offset >= 0 && offset + half * 2 <= headDim, "rope: sizes")
        precondition(table.cosines.rows == x.rows && table.sines.rows == x.rows, "rope: rows")
        let arguments = KernelArguments(
            value: llm_rope_args(
                x: x.base, x_stride: x.stride, cosines: table.cosines.base, sines: table.sines.base,
                heads: x.columns / headDim, head_dim: headDim, half: half, offset: offset,
                interleaved: layout == .interleaved))
        let kernel = kernels.rope
        overRows(x.rows, elements: x.rows * x.columns) { range in
            withUnsafePointer(to: arguments.value) { kernel($0, range.lowerBound, range.upperBound) }
        }
    }

    /// An activation function of each element, into `y`; gated, `activation(gate) * up` for `x = [gate, up]` side by side,
    /// `[rows, 2 * width]`, into `y = [rows, width]`. Where it is not gated, `y` may be `x`.
    public func activate(_ x: Matrix, _ activation: Activation, gated: Bool, into y: Matrix) {
        precondition(x.rows == y.rows && x.columns == (gated ? 2 : 1) * y.columns, "activate: sizes")
        let arguments = KernelArguments(
            value: llm_activate_args(
                x: x.base, x_stride: x.stride, y: y.base, y_stride: y.stride, width: y.columns,
                function: activation.kernelType, gated: gated))
        let kernel = kernels.activate
        overRows(x.rows, elements: x.rows * x.columns) { range in
            withUnsafePointer(to: arguments.value) { kernel($0, range.lowerBound, range.upperBound) }
        }
    }

    /// The softmax of each row, in place.
    public func softmax(_ x: Matrix) {
        let arguments = KernelArguments(
            value: llm_softmax_args(x: x.base, x_stride: x.stride, width: x.columns))
        let kernel = kernels.softmax
        overRows(x.rows, elements: x.rows * x.columns) { range in
            withUnsafePointer(to: arguments.value) { kernel($0, range.lowerBound, range.upperBound) }
        }
    }

    /// `cap * tanh(x / cap)` of each element, in place.
    public func softcap(_ x: Matrix, _ cap: Float) {
        precondition(cap > 0, "softcap: \(cap)")
        let arguments = KernelArguments(
            value: llm_softcap_args(x: x.base, x_stride: x.stride, width: x.columns, cap: cap))
        let kernel = kernels.softcap
        overRows(x.rows, elements: x.rows * x.columns) { range in
            withUnsafePointer(to: arguments.value) { kernel($0, range.lowerBound, range.upperBound) }
        }
    }

    /// Brings each element into `-bound...bound`, in place.
    public func clamp(_ x: Matrix, to bound: Float) {
        eachRow(x) { _, row in for column in row.indices { row[column] = min(max(row[column], -bound), bound) } }
    }

    /// Multiplies each element, in place.
    public func scale(_ x: Matrix, by factor: Float) {
        eachRow(x) { _, row in for column in row.indices { row[column] *= factor } }
    }

    /// Multiplies each row by a factor of its own, in place.
    public func scaleRows(_ x: Matrix, by factors: [Float]) {
        precondition(factors.count == x.rows, "scaleRows: \(factors.count) factors for \(x.rows) rows")
        eachRow(x) { index, row in for column in row.indices { row[column] *= factors[index] } }
    }

    func eachRow(_ x: Matrix, _ body: @Sendable (Int, UnsafeMutableBufferPointer<Float>) -> Void) {
        overRows(x.rows, elements: x.rows * x.columns) { range in
            for row in range { body(row, UnsafeMutableBufferPointer(start: x.base + row * x.stride, count: x.columns)) }
        }
    }

    /// `g sigmoid(alpha g) (u + 1)` for `x = [g, u]` side by side, `[rows, 2 * width]`, into `y = [rows, width]`: gates `g`
    /// no larger than `limit`, ups `u` within it on both sides (gpt-oss). `x` is overwritten.
    public func clampedGate(_ x: Matrix, alpha: Float, limit: Float, into y: Matrix) {
        precondition(x.columns == 2 * y.columns, "clampedGate: sizes")
        overRows(x.rows, elements: x.rows * x.columns) { range in
            for row in range {
                let (gates, ups) = (x.base + row * x.stride, x.base + row * x.stride + y.columns)
                for column in 0..<y.columns {
                    // SiLU is `g sigmoid(g)`: alpha goes in with the gate and out with the up.
                    gates[column] = alpha * min(gates[column], limit)
                    ups[column] = (min(max(ups[column], -limit), limit) + 1) / alpha
                }
            }
        }
        activate(x, .silu, gated: true, into: y)
    }

    /// `y += x`.
    public func add(_ x: Matrix, to y: Matrix) {
        precondition(x.rows == y.rows && x.columns == y.columns, "add: sizes")
        eachRow(y) { row, target in
            let source = x.base + row * x.stride
            for column in target.indices { target[column] += source[column] }
        }
    }

    /// The elements of `x` into `y`.
    public func copy(_ x: Matrix, into y: Matrix) {
        precondition(x.rows == y.rows && x.columns == y.columns, "copy: sizes")
        eachRow(y) { row, target in target.baseAddress?.update(from: x.base + row * x.stride, count: target.count) }
    }

    /// `y[r]` becomes the sum of rows of `x` times their weights, from zero, in the order of `terms[r]`.
    public func weightedSum(_ x: Matrix, _ terms: [[(row: Int, weight: Float)]], into y: Matrix) {
        precondition(y.rows == terms.count && y.columns == x.columns, "weightedSum: sizes")
        overRows(y.rows, elements: terms.reduce(0) { $0 + $1.count } * x.columns) { range in
            for row in range {
                let target = y.base + row * y.stride
                target.update(repeating: 0, count: y.columns)
                for term in terms[row] {
                    precondition(term.row >= 0 && term.row < x.rows, "weightedSum: row \(term.row) of \(x.rows)")
                    let source = x.base + term.row * x.stride
                    for column in 0..<y.columns { target[column] += term.weight * source[column] }
                }
            }
        }
    }

    /// Rows `indices` of `x` into the rows of `y`, in that order.
    public func copyRows(_ x: Matrix, _ indices: [Int], into y: Matrix) {
        precondition(y.rows == indices.count && y.columns == x.columns, "copyRows: sizes")
        eachRow(y) { row, target in
            let index = indices[row]
            precondition(index >= 0 && index < x.rows, "copyRows: row \(index) of \(x.rows)")
            target.baseAddress?.update(from: x.base + index * x.stride, count: target.count)
        }
    }
}
