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
        // Gates and ups that do not share panels: their product is taken afterwards.
        let isWhole = weights.kind == .plain || weights.parts[0].kind == .gated
        let target = isWhole ? y : Matrix(rows: y.rows, columns: weights.outputs)
        if gemm == .openblas {
            openBLASLinear(x, weights.parts[0], bias: bias, into: target, output)
        } else {
            packedLinear(x, weights, bias: bias, into: target, output)
        }
        if !isWhole { activate(target, .silu, gated: true, into: y) }
    }

    /// Rows `ids` of the weights, widened to float32, into the rows of `y`: an embedding look-up.
    ///
    /// - Precondition: every id is in `0..<weights.outputs`, and the weights are not gated.
    public func gatherRows(_ weights: PackedWeights, _ ids: [Int32], into y: Matrix) {
        precondition(y.rows == ids.count && y.columns == weights.inputs && weights.kind == .plain, "gatherRows: sizes")
        overRows(ids.count, elements: ids.count * weights.inputs) { range in
            for row in range {
                let id = Int(ids[row])
                precondition(id >= 0 && id < weights.outputs, "token id \(id) of \(weights.outputs)")
                let part = weights.parts.first { $0.outputs.contains(id) }
                part?.unpackRow(id, to: y.base + row * y.stride)
            }
        }
    }

    /// Pieces of all parts are one job of the pool.
    private func packedLinear(
        _ x: Activations, _ weights: PackedWeights, bias: [Float]?, into y: Matrix, _ output: LinearOutput
    ) {
        let epilogue =
            switch (weights.parts[0].kind, output) {
            case (.gated, _): LLM_SILU_MULTIPLY
            case (.plain, .add): LLM_ADD
            case (.plain, .store): LLM_STORE
            }
        let panels = weights.parts.reduce(0) { $0 + $1.panels }
        // So many panels a piece that a kernel can read ahead, so many pieces that no thread waits long for another.
        let piece = max(1, min(16, panels / (pool.threads * 8)))
        withOptionalPointer(bias) { bias in
            let parts = weights.parts.compactMap { part -> LinearPart? in
                guard case .panels(_, let kernel) = part.layout else { return nil }
                let first = part.outputs.lowerBound
                let arguments = llm_linear_args(
                    x: x.arguments(part.form), packed: part.base, bias: bias.map { $0 + first }, y: y.base + first,
                    y_stride: y.stride, rows: x.rows, k: part.inputs, n: part.outputs.count, epilogue: epilogue)
                return LinearPart(
                    kernel: kernel.function, arguments: KernelArguments(value: arguments), panels: part.panels,
                    piece: piece)
            }
            pool.run(parts.reduce(0) { $0 + $1.pieces }) { index in
                var index = index
                for part in parts {
                    if index < part.pieces { return part.run(index) }
                    index -= part.pieces
                }
            }
        }
    }

    private func openBLASLinear(
        _ x: Activations, _ weights: PackedPart, bias: [Float]?, into y: Matrix, _ output: LinearOutput
    ) {
        let outputs = weights.outputs.count
        let rows = x.arguments(.float32)
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(x.rows), Int32(outputs), Int32(weights.inputs), 1,
            rows.data.assumingMemoryBound(to: Float.self), Int32(rows.stride / MemoryLayout<Float>.stride),
            weights.base.assumingMemoryBound(to: Float.self), Int32(weights.inputs), output == .add ? 1 : 0,
            y.base, Int32(y.stride))
        if let bias {
            for row in 0..<y.rows {
                y.withRow(row) { span in for column in bias.indices { span[column] += bias[column] } }
            }
        }
    }
}

/// One part of a linear layer, cut into pieces of so many panels.
private struct LinearPart: Sendable {
    let kernel: llm_linear_fn
    let arguments: KernelArguments<llm_linear_args>
    let panels: Int
    let piece: Int

    var pieces: Int { (panels + piece - 1) / piece }

    func run(_ index: Int) {
        withUnsafePointer(to: arguments.value) { kernel($0, index * piece, min((index + 1) * piece, panels)) }
    }
}

func withOptionalPointer(_ values: [Float]?, _ body: (UnsafePointer<Float>?) -> Void) {
    if let values { values.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
}
