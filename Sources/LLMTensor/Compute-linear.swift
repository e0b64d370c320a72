import CLLMKernels
import COpenBLAS

/// What becomes of a linear layer's outputs.
public enum LinearOutput: Sendable {
    /// They replace what was there.
    case store
    /// They are added to what is there.
    case add
}

/// A linear layer and what it works on: `y = x Wᵀ + bias`, or `silu(gate) * up` of gated weights.
public struct LinearJob: Sendable {
    let x: Activations
    let weights: PackedWeights
    let bias: [Float]?
    let y: Matrix

    /// `x` is `[rows, inputs]`, `y` is `[rows, weights.outputColumns]`. A gated bias has all gates first, then all ups.
    public init(_ x: Activations, _ weights: PackedWeights, bias: [Float]? = nil, into y: Matrix) {
        precondition(
            x.columns == weights.inputs && y.columns == weights.outputColumns && x.rows == y.rows, "linear: sizes")
        precondition(bias.map { $0.count == weights.outputs } ?? true, "linear: bias")
        (self.x, self.weights, self.bias, self.y) = (x, weights, bias, y)
    }
}

extension Compute {
    /// `y = x Wᵀ + bias`, or added to what `y` holds; gated weights give `silu(gate) * up`. `x` is `[rows, inputs]`, `y`
    /// is `[rows, weights.outputColumns]`. A gated bias has all gates first, then all ups.
    public func linear(
        _ x: Activations, _ weights: PackedWeights, bias: [Float]? = nil, into y: Matrix,
        _ output: LinearOutput = .store
    ) {
        linear([LinearJob(x, weights, bias: bias, into: y)], output)
    }

    /// Several layers, of which the pool's threads take pieces as of one.
    public func linear(_ layers: [LinearJob], _ output: LinearOutput = .store) {
        precondition(
            output == .store || layers.allSatisfy { $0.weights.kind == .plain }, "linear: gated outputs are not added")
        // Gates and ups that do not share panels: their product is taken afterwards.
        func isWhole(_ weights: PackedWeights) -> Bool { weights.kind == .plain || weights.parts[0].kind == .gated }
        let layers = layers.filter { $0.x.rows > 0 }
        let targets = layers.map {
            isWhole($0.weights) ? $0.y : Matrix(rows: $0.y.rows, columns: $0.weights.outputs)
        }
        if gemm == .openblas {
            for (layer, target) in zip(layers, targets) { openBLASLinear(layer, into: target, output) }
        } else {
            packedLinear(layers, into: targets, output)
        }
        for (layer, target) in zip(layers, targets) where !isWhole(layer.weights) {
            activate(target, .silu, gated: true, into: layer.y)
        }
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
    private func packedLinear(_ layers: [LinearJob], into targets: [Matrix], _ output: LinearOutput) {
        let piece = panelsOfPiece(layers)
        let biases = layers.count == 1 ? layers[0].bias ?? [] : layers.flatMap { $0.bias ?? [] }
        biases.withUnsafeBufferPointer { biases in
            var parts: [LinearPart] = []
            var (firstBias, firstPiece) = (0, 0)
            for (layer, y) in zip(layers, targets) {
                let bias = layer.bias.flatMap { _ in biases.baseAddress.map { $0 + firstBias } }
                firstBias += layer.bias?.count ?? 0
                for part in layer.weights.parts {
                    guard case .panels(_, let kernel) = part.layout else { continue }
                    let first = part.outputs.lowerBound
                    let epilogue =
                        switch (part.kind, output) {
                        case (.gated, _): LLM_SILU_MULTIPLY
                        case (.plain, .add): LLM_ADD
                        case (.plain, .store): LLM_STORE
                        }
                    let arguments = llm_linear_args(
                        x: layer.x.arguments(part.form), packed: part.base, bias: bias.map { $0 + first },
                        y: y.base + first, y_stride: y.stride, rows: layer.x.rows, k: part.inputs,
                        n: part.outputs.count, epilogue: epilogue)
                    parts.append(
                        LinearPart(
                            kernel: kernel.function, arguments: KernelArguments(value: arguments), panels: part.panels,
                            piece: piece, firstPiece: firstPiece))
                    firstPiece += parts[parts.count - 1].pieces
                }
            }
            let all = parts
            pool.run(firstPiece) { index in
                // The last part that begins with this piece or before.
                var (low, high) = (0, all.count)
                while high - low > 1 {
                    let middle = (low + high) / 2
                    if all[middle].firstPiece <= index { low = middle } else { high = middle }
                }
                all[low].run(index - all[low].firstPiece)
            }
        }
    }

    /// So many panels a piece that a kernel can read ahead, so many pieces that no thread waits long for another. Where
    /// there are many rows it is the arithmetic that takes time, and pieces can be smaller.
    private func panelsOfPiece(_ layers: [LinearJob]) -> Int {
        var (panels, rowPanels) = (0, 0)
        for layer in layers {
            let own = layer.weights.parts.reduce(0) { $0 + $1.panels }
            panels += own
            rowPanels += own * layer.x.rows
        }
        let enoughWork = 1024 * panels / max(rowPanels, 1)
        return max(1, min(16, panels / (pool.threads * 8), max(panels / (pool.threads * 32), enoughWork)))
    }

    private func openBLASLinear(_ layer: LinearJob, into y: Matrix, _ output: LinearOutput) {
        let (x, weights) = (layer.x, layer.weights.parts[0])
        let outputs = weights.outputs.count
        let rows = x.arguments(.float32)
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(x.rows), Int32(outputs), Int32(weights.inputs), 1,
            rows.data.assumingMemoryBound(to: Float.self), Int32(rows.stride / MemoryLayout<Float>.stride),
            weights.base.assumingMemoryBound(to: Float.self), Int32(weights.inputs), output == .add ? 1 : 0,
            y.base, Int32(y.stride))
        if let bias = layer.bias {
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
    /// The number of its first piece among those of all parts.
    let firstPiece: Int

    var pieces: Int { (panels + piece - 1) / piece }

    func run(_ index: Int) {
        withUnsafePointer(to: arguments.value) { kernel($0, index * piece, min((index + 1) * piece, panels)) }
    }
}

func withOptionalPointer(_ values: [Float]?, _ body: (UnsafePointer<Float>?) -> Void) {
    if let values { values.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
}
