/// The weights of one linear layer, `[outputs, inputs]`, in the layout that its kernels read.
///
/// Matrices that share their input, such as q, k and v, are stacked to one. Each keeps the packing that its own stored
/// type asks for: the result is made of parts, consecutive runs of output features that are packed alike, each with a
/// kernel of its own. Where all matrices are stored in one type there is one part.
public struct PackedWeights: Sendable {
    /// The epilogue of a layer's outputs.
    public enum Kind: Sendable {
        /// They are stored or added as they come.
        case plain
        /// Rows `0..<outputs / 2` are gates, the rest ups: `silu(gate) * up`. A panel holds 16 of each, where both are packed
        /// alike; else they are parts as of a plain layer, and the product is taken afterwards.
        case gated
    }

    /// Output features, stacked layers together.
    public let outputs: Int
    /// Input features.
    public let inputs: Int
    let kind: Kind
    /// Runs of output features, in order.
    private(set) var parts: [PackedPart]
    /// The forms of activations that the parts take, each once.
    let forms: [ActivationForm]

    /// Packs row-major matrices `[outputs_i, inputs]`, stacked on one another in the given order.
    ///
    /// - Precondition: every view has two dimensions, they share inputs, and the format holds so many. Gated matrices are
    ///   the gates and then the ups, as many of each.
    public init(
        stacking views: [TensorView], as format: LinearFormat = .stored, _ kind: Kind = .plain, on compute: Compute
    ) {
        precondition(!views.isEmpty, "nothing to pack")
        let inputs = views[0].shape.last ?? 0
        for view in views {
            precondition(view.shape.count == 2 && view.shape[1] == inputs, "cannot stack \(view.shape)")
        }
        precondition(inputs <= format.maxInputs, "\(inputs) inputs as \(format)")
        outputs = views.reduce(0) { $0 + $1.shape[0] }
        precondition(kind == .plain || outputs % 2 == 0, "an odd number of gates and ups")
        self.inputs = inputs
        self.kind = kind
        var parts: [PackedPart] = []
        let runs = PackedWeights.runs(of: views, format, on: compute)
        let shared = runs.count == 1 && compute.gemm != .openblas ? kind : .plain
        for run in runs {
            let first = parts.last?.outputs.upperBound ?? 0
            parts.append(PackedPart(run.views, firstOutput: first, run.layout, shared, on: compute))
        }
        self.parts = parts
        forms = parts.reduce(into: []) { forms, part in if !forms.contains(part.form) { forms.append(part.form) } }
    }

    /// Consecutive matrices that are packed alike.
    private static func runs(
        of views: [TensorView], _ format: LinearFormat, on compute: Compute
    ) -> [(layout: PackedPart.Layout, views: [TensorView])] {
        if compute.gemm == .openblas { return [(.float32Rows, views)] }
        let packings = views.map { format.packing(of: $0.dtype) }
        func layout(_ packing: Packing) -> PackedPart.Layout {
            .panels(packing, compute.kernels.linear(packing, format.arithmetic(of: packing)))
        }
        var runs: [(packing: Packing, views: [TensorView])] = []
        for (view, packing) in zip(views, packings) {
            if runs.last?.packing == packing {
                runs[runs.count - 1].views.append(view)
            } else {
                runs.append((packing, [view]))
            }
        }
        return runs.map { (layout($0.packing), $0.views) }
    }

    /// Weights that are multiplied in an arithmetic.
    public func count(_ arithmetic: Arithmetic) -> Int {
        parts.reduce(0) { $0 + ($1.arithmetic == arithmetic ? $1.outputs.count * inputs : 0) }
    }

    /// Bytes that the packed weights take.
    public var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }

    /// Columns of what the layer puts out.
    public var outputColumns: Int { kind == .gated ? outputs / 2 : outputs }

    /// What the kernels read; valid while a copy of the weights lives.
    package var memory: [UnsafeRawBufferPointer] { parts.map(\.memory) }

    /// The same weights in memory of their own.
    package func copied() -> PackedWeights {
        var copy = self
        copy.parts = parts.map { $0.copied() }
        return copy
    }
}
