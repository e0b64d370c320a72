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

    /// Rotates the pairs `(i, i + half)` of each head of `headDim` columns, in place, by the row's angles.
    public func rope(_ x: Matrix, headDim: Int, _ table: RotaryTable) {
        let half = table.cosines.columns
        precondition(headDim > 0 && x.columns % headDim == 0 && half * 2 <= headDim, "rope: sizes")
        precondition(table.cosines.rows == x.rows && table.sines.rows == x.rows, "rope: rows")
        let arguments = KernelArguments(
            value: llm_rope_args(
                x: x.base, x_stride: x.stride, cosines: table.cosines.base, sines: table.sines.base,
                heads: x.columns / headDim, head_dim: headDim, half: half))
        let kernel = kernels.rope
        overRows(x.rows, elements: x.rows * x.columns) { range in
            withUnsafePointer(to: arguments.value) { kernel($0, range.lowerBound, range.upperBound) }
        }
    }

    /// SwiGLU's activation: `silu(gate) * up` for `x = [gate, up]` side by side, `[rows, 2 * width]`, into
    /// `y = [rows, width]`.
    func siluMultiply(_ x: Matrix, into y: Matrix) {
        precondition(x.rows == y.rows && x.columns == 2 * y.columns, "siluMultiply: sizes")
        let arguments = KernelArguments(
            value: llm_silu_multiply_args(
                x: x.base, x_stride: x.stride, y: y.base, y_stride: y.stride, width: y.columns))
        let kernel = kernels.siluMultiply
        overRows(x.rows, elements: x.rows * x.columns) { range in
            withUnsafePointer(to: arguments.value) { kernel($0, range.lowerBound, range.upperBound) }
        }
    }

    /// Rows `indices` of `x` into the rows of `y`, in that order.
    public func copyRows(_ x: Matrix, _ indices: [Int], into y: Matrix) {
        precondition(y.rows == indices.count && y.columns == x.columns, "copyRows: sizes")
        for (row, index) in indices.enumerated() {
            precondition(index >= 0 && index < x.rows, "copyRows: row \(index) of \(x.rows)")
            (y.base + row * y.stride).update(from: x.base + index * x.stride, count: x.columns)
        }
    }
}
