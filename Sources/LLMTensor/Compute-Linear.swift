import CLLMKernels
import COpenBLAS

extension Compute {
    /// `y = x Wᵀ + bias`, or added to what `y` holds. `x` is `[rows, inputs]`, `y` is `[rows, outputs]`.
    public func linear(
        _ x: Matrix, _ weights: PackedWeights, bias: [Float]? = nil, into y: Matrix, accumulate: Bool = false
    ) {
        precondition(x.columns == weights.inputs && y.columns == weights.outputs && x.rows == y.rows, "linear: sizes")
        precondition(bias.map { $0.count == weights.outputs } ?? true, "linear: bias")
        guard x.rows > 0 else { return }
        switch weights.layout {
        case .panels(let dtype): packedLinear(x, weights, dtype, bias: bias, into: y, accumulate: accumulate)
        case .float32Rows: openBLASLinear(x, weights, bias: bias, into: y, accumulate: accumulate)
        }
    }

    /// Rows `ids` of the weights, widened to float32, into the rows of `y`: an embedding look-up.
    ///
    /// - Precondition: every id is in `0..<weights.outputs`.
    public func gatherRows(_ weights: PackedWeights, _ ids: [Int32], into y: Matrix) {
        precondition(y.rows == ids.count && y.columns == weights.inputs, "gatherRows: sizes")
        let inputs = weights.inputs
        overRows(ids.count, elements: ids.count * inputs) { range in
            for row in range {
                let id = Int(ids[row])
                precondition(id >= 0 && id < weights.outputs, "token id \(id) of \(weights.outputs)")
                let target = y.base + row * y.stride
                switch weights.layout {
                case .panels(let dtype): llm_unpack_row(dtype.kernelType, weights.base, inputs, id, target)
                case .float32Rows:
                    let source = weights.base.assumingMemoryBound(to: Float.self) + id * inputs
                    target.update(from: source, count: inputs)
                }
            }
        }
    }

    private func packedLinear(
        _ x: Matrix, _ weights: PackedWeights, _ dtype: DType, bias: [Float]?, into y: Matrix, accumulate: Bool
    ) {
        let kernel = kernels.linear(dtype)
        // Few rows read the weights once: several panels a piece keep enough sums in flight.
        let piece = x.rows < 4 ? 4 : 2
        let panels = weights.panels
        withOptionalPointer(bias) { bias in
            let arguments = KernelArguments(
                value: llm_linear_args(
                    x: x.base, x_stride: x.stride, packed: weights.base, bias: bias, y: y.base, y_stride: y.stride,
                    rows: x.rows, k: weights.inputs, n: weights.outputs, accumulate: accumulate))
            pool.run((panels + piece - 1) / piece) { index in
                withUnsafePointer(to: arguments.value) { pointer in
                    kernel(pointer, index * piece, min((index + 1) * piece, panels))
                }
            }
        }
    }

    private func openBLASLinear(
        _ x: Matrix, _ weights: PackedWeights, bias: [Float]?, into y: Matrix, accumulate: Bool
    ) {
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(x.rows), Int32(weights.outputs), Int32(weights.inputs), 1,
            x.base, Int32(x.stride), weights.base.assumingMemoryBound(to: Float.self), Int32(weights.inputs),
            accumulate ? 1 : 0, y.base, Int32(y.stride))
        guard let bias else { return }
        for row in 0..<y.rows {
            y.withRow(row) { span in for column in bias.indices { span[column] += bias[column] } }
        }
    }
}

private func withOptionalPointer(_ values: [Float]?, _ body: (UnsafePointer<Float>?) -> Void) {
    if let values { values.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
}
