import CLLMKernels

/// The weights of one linear layer, `[outputs, inputs]`, in the layout its kernel reads: panels of 32 output features
/// (docs/kernels.md), or plain float32 rows for OpenBLAS.
public struct PackedWeights: Sendable {
    /// How the weights lie in memory.
    enum Layout: Sendable, Equatable {
        case panels(llm_packing)
        case float32Rows
    }

    /// What becomes of the outputs.
    public enum Kind: Sendable {
        /// They are stored or added as they come.
        case plain
        /// The first half are gates, the second half what they let through: `silu(gate) * up`. A panel holds 16 of each.
        case gated
    }

    /// Output features, stacked layers together.
    public let outputs: Int
    /// Input features.
    public let inputs: Int
    /// How the weights are held.
    public let format: LinearFormat
    let kind: Kind
    let layout: Layout
    let kernel: Kernels.Linear?
    private var storage: Storage

    /// Packs row-major matrices `[outputs_i, inputs]` of one type, stacked on one another in the given order.
    ///
    /// Stacking makes one matrix of layers that share their input, such as q, k and v.
    ///
    /// - Precondition: every view has two dimensions, they share inputs and dtype, and the format holds so many inputs.
    ///   Gated outputs are even in number.
    public init(
        stacking views: [TensorView], as format: LinearFormat = .stored, _ kind: Kind = .plain, on compute: Compute
    ) {
        precondition(!views.isEmpty, "nothing to pack")
        let dtype = views[0].dtype
        let inputs = views[0].shape.last ?? 0
        for view in views {
            precondition(
                view.shape.count == 2 && view.shape[1] == inputs && view.dtype == dtype, "cannot stack \(view.shape)")
        }
        precondition(inputs <= format.maxInputs, "\(inputs) inputs as \(format)")
        outputs = views.reduce(0) { $0 + $1.shape[0] }
        precondition(kind == .plain || outputs % 2 == 0, "an odd number of gates and ups")
        self.inputs = inputs
        self.format = format
        self.kind = kind
        if compute.gemm == .openblas {
            layout = .float32Rows
            kernel = nil
            storage = PackedWeights.widen(views, count: outputs * inputs)
        } else {
            let packing = format.packing(of: dtype)
            layout = .panels(packing)
            kernel = compute.kernels.linear(packing, format.arithmetic)
            let bytes = PackedWeights.panels(outputs, kind) * llm_panel_bytes(packing, inputs)
            storage = Storage(count: (bytes + 3) / 4)
            packPanels(views, packing, on: compute)
        }
    }

    /// Bytes that the packed weights take.
    public var byteCount: Int { storage.byteCount }

    /// Columns of what the layer puts out.
    public var outputColumns: Int { kind == .gated ? outputs / 2 : outputs }

    /// Panels of 32 output features.
    var panels: Int { PackedWeights.panels(outputs, kind) }

    private static func panels(_ outputs: Int, _ kind: Kind) -> Int {
        switch kind {
        case .plain: (outputs + Int(LLM_PANEL) - 1) / Int(LLM_PANEL)
        case .gated: (outputs / 2 + Int(LLM_HALF_PANEL) - 1) / Int(LLM_HALF_PANEL)
        }
    }

    var base: UnsafeRawPointer { UnsafeRawPointer(storage.base) }

    /// What a kernel reads; valid while a copy of the weights lives.
    var memory: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

    /// The same weights in memory of their own.
    func copied() -> PackedWeights {
        var copy = self
        copy.storage = Storage(count: byteCount / MemoryLayout<Float>.stride)
        UnsafeMutableRawPointer(copy.storage.base).copyMemory(from: base, byteCount: byteCount)
        return copy
    }

    private static func widen(_ views: [TensorView], count: Int) -> Storage {
        let storage = Storage(count: count)
        var next = storage.base
        for view in views {
            for value in view.floats() {
                next.pointee = value
                next += 1
            }
        }
        return storage
    }

    private func packPanels(_ views: [TensorView], _ packing: llm_packing, on compute: Compute) {
        let dtype = views[0].dtype.kernelType
        let panelBytes = llm_panel_bytes(packing, inputs)
        compute.pool.run(panels) { [outputs, inputs] panel in
            let rows = (0..<Int(LLM_PANEL)).map { feature -> UnsafeRawPointer? in
                var row = output(feature, of: panel)
                guard row < outputs else { return nil }
                for view in views {
                    if row < view.shape[0] { return view.row(row) }
                    row -= view.shape[0]
                }
                return nil
            }
            let target = UnsafeMutableRawPointer(storage.base) + panel * panelBytes
            compute.kernels.pack(packing, dtype, rows, inputs, target)
            withExtendedLifetime(views) {}
        }
    }

    /// The output whose weights are a panel's `feature`; past the outputs where the panel has no such feature.
    private func output(_ feature: Int, of panel: Int) -> Int {
        let half = Int(LLM_HALF_PANEL)
        guard kind == .gated else { return panel * Int(LLM_PANEL) + feature }
        let column = panel * half + feature % half
        guard column < outputs / 2 else { return outputs }
        return feature < half ? column : outputs / 2 + column
    }
}
