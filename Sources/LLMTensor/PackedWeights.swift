import CLLMKernels

/// The weights of one linear layer, `[outputs, inputs]`, in the layout its kernel reads: panels of 32 output features
/// in the stored width (docs/kernels.md), or plain float32 rows for OpenBLAS.
public struct PackedWeights: Sendable {
    /// How the weights lie in memory.
    enum Layout: Sendable, Equatable {
        case panels(DType)
        case float32Rows
    }

    /// Output features, stacked layers together.
    public let outputs: Int
    /// Input features.
    public let inputs: Int
    let layout: Layout
    private let storage: Storage

    /// Packs row-major matrices `[outputs_i, inputs]` of one type, stacked on one another in the given order.
    ///
    /// Stacking makes one matrix of layers that share their input, such as q, k and v.
    ///
    /// - Precondition: every view has two dimensions, and they share inputs and dtype.
    public init(stacking views: [TensorView], on compute: Compute) {
        precondition(!views.isEmpty, "nothing to pack")
        let dtype = views[0].dtype
        let inputs = views[0].shape.last ?? 0
        for view in views {
            precondition(
                view.shape.count == 2 && view.shape[1] == inputs && view.dtype == dtype, "cannot stack \(view.shape)")
        }
        outputs = views.reduce(0) { $0 + $1.shape[0] }
        self.inputs = inputs
        if compute.gemm == .openblas {
            layout = .float32Rows
            storage = PackedWeights.widen(views, count: outputs * inputs)
        } else {
            layout = .panels(dtype)
            let bytes = PackedWeights.panels(outputs) * llm_panel_bytes(dtype.kernelType, inputs)
            storage = Storage(count: (bytes + 3) / 4)
            packPanels(views, dtype, on: compute)
        }
    }

    /// Bytes that the packed weights take.
    public var byteCount: Int { storage.byteCount }

    /// Panels of 32 output features.
    var panels: Int { PackedWeights.panels(outputs) }

    private static func panels(_ outputs: Int) -> Int { (outputs + Int(LLM_PANEL) - 1) / Int(LLM_PANEL) }

    var base: UnsafeRawPointer { UnsafeRawPointer(storage.base) }

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

    private func packPanels(_ views: [TensorView], _ dtype: DType, on compute: Compute) {
        compute.pool.run(panels) { [outputs, inputs] panel in
            let features = panel * Int(LLM_PANEL)..<min((panel + 1) * Int(LLM_PANEL), outputs)
            var rows: [UnsafeRawPointer?] = []
            rows.reserveCapacity(features.count)
            var first = 0
            for view in views {
                let part = features.clamped(to: first..<first + view.shape[0])
                rows += part.map { view.row($0 - first) }
                first += view.shape[0]
            }
            llm_pack_panel(dtype.kernelType, &rows, rows.count, inputs, self.panel(panel, dtype))
            withExtendedLifetime(views) {}
        }
    }

    private func panel(_ index: Int, _ dtype: DType) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(storage.base) + index * llm_panel_bytes(dtype.kernelType, inputs)
    }
}
