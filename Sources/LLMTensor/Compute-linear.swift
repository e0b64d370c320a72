import CLLMKernels
import COpenBLAS

/// What becomes of a linear layer's outputs.
public enum LinearOutput: Sendable {
    /// They replace what was there.
    case store
    /// They are added to what is there.
    case add
}

extension Compute {
    /// `y = x Wᵀ + bias`, or added to what `y` holds; gated weights give `silu(gate) * up`. `x` is `[rows, inputs]`, `y`
    /// is `[rows, weights.outputColumns]`. A gated bias has all gates first, then all ups.
    public func linear(
        _ x: Activations, _ weights: PackedWeights, bias: [Float]? = nil, into y: Matrix,
        _ output: LinearOutput = .store
    ) {
        precondition(
            x.columns == weights.inputs && y.columns == weights.outputColumns && x.rows == y.rows, "linear: sizes")
        precondition(bias.map { $0.count == weights.outputs } ?? true, "linear: bias")
        precondition(weights.kind == .plain || output == .store, "linear: gated outputs are not added")
        guard x.rows > 0 else { return }
        if let kernel = weights.kernel {
            packedLinear(x, weights, kernel.function, bias: bias, into: y, output)
        } else {
            openBLASLinear(x, weights, bias: bias, into: y, output)
        }
    }

    /// Rows `ids` of the weights, widened to float32, into the rows of `y`: an embedding look-up.
    ///
    /// - Precondition: every id is in `0..<weights.outputs`, and the weights are not gated.
    public func gatherRows(_ weights: PackedWeights, _ ids: [Int32], into y: Matrix) {
        precondition(y.rows == ids.count && y.columns == weights.inputs && weights.kind == .plain, "gatherRows: sizes")
        let inputs = weights.inputs
        overRows(ids.count, elements: ids.count * inputs) { range in
            for row in range {
                let id = Int(ids[row])
                precondition(id >= 0 && id < weights.outputs, "token id \(id) of \(weights.outputs)")
                let target = y.base + row * y.stride
                switch weights.layout {
                case .panels(let packing): llm_unpack_row(packing, weights.base, inputs, id, target)
                case .float32Rows:
                    let source = weights.base.assumingMemoryBound(to: Float.self) + id * inputs
                    target.update(from: source, count: inputs)
                }
            }
        }
    }

    private func packedLinear(
        _ x: Activations, _ weights: PackedWeights, _ kernel: llm_linear_fn, bias: [Float]?, into y: Matrix,
        _ output: LinearOutput
    ) {
        let epilogue =
            switch (weights.kind, output) {
            case (.gated, _): LLM_SILU_MULTIPLY
            case (.plain, .add): LLM_ADD
            case (.plain, .store): LLM_STORE
            }
        let panels = weights.panels
        // So many panels a piece that a kernel can read ahead, so many pieces that no thread waits long for another.
        let piece = max(1, min(16, panels / (pool.threads * 8)))
        withOptionalPointer(bias) { bias in
            let arguments = KernelArguments(
                value: llm_linear_args(
                    x: x.arguments.value, packed: weights.base, bias: bias, y: y.base, y_stride: y.stride,
                    rows: x.rows, k: weights.inputs, n: weights.outputs, epilogue: epilogue))
            pool.run((panels + piece - 1) / piece) { index in
                withUnsafePointer(to: arguments.value) { pointer in
                    kernel(pointer, index * piece, min((index + 1) * piece, panels))
                }
            }
        }
    }

    private func openBLASLinear(
        _ x: Activations, _ weights: PackedWeights, bias: [Float]?, into y: Matrix, _ output: LinearOutput
    ) {
        let target = weights.kind == .gated ? Matrix(rows: y.rows, columns: weights.outputs) : y
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(x.rows), Int32(weights.outputs), Int32(weights.inputs), 1,
            x.arguments.value.data.assumingMemoryBound(to: Float.self),
            Int32(x.arguments.value.stride / MemoryLayout<Float>.stride),
            weights.base.assumingMemoryBound(to: Float.self), Int32(weights.inputs), output == .add ? 1 : 0,
            target.base, Int32(target.stride))
        if let bias {
            for row in 0..<target.rows {
                target.withRow(row) { span in for column in bias.indices { span[column] += bias[column] } }
            }
        }
        if weights.kind == .gated { siluMultiply(target, into: y) }
    }
}

func withOptionalPointer(_ values: [Float]?, _ body: (UnsafePointer<Float>?) -> Void) {
    if let values { values.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
}
