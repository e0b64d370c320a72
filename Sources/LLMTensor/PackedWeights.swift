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
    package var memory: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

    /// The same weights in memory of their own.
    package func copied() -> PackedWeights {
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

    /// Rows are released as soon as they are packed, so that not much more than the packed weights is in memory.
    private func packPanels(_ views: [TensorView], _ packing: llm_packing, on compute: Compute) {
        let source = views[0].dtype
        let panelBytes = llm_panel_bytes(packing, inputs)
        let together = max(1, PackedWeights.releasedBytes / (Int(LLM_PANEL) * max(inputs, 1) * source.byteCount))
        for start in stride(from: 0, to: panels, by: together) {
            let chunk = start..<min(start + together, panels)
            compute.pool.run(chunk.count) { [inputs] index in
                let panel = start + index
                let rows = (0..<Int(LLM_PANEL)).map { row(output($0, of: panel), of: views) }
                storage.populate(panel * panelBytes..<(panel + 1) * panelBytes)
                let target = UnsafeMutableRawPointer(storage.base) + panel * panelBytes
                compute.kernels.pack(packing, source.kernelType, rows, inputs, target)
            }
            release(views, chunk)
        }
        withExtendedLifetime(views) {}
    }

    /// Bytes of rows that are packed before they are released.
    private static let releasedBytes = 16 << 20

    private func row(_ output: Int, of views: [TensorView]) -> UnsafeRawPointer? {
        var row = output
        for view in views {
            if row < view.shape[0] { return view.row(row) }
            row -= view.shape[0]
        }
        return nil
    }

    private func release(_ views: [TensorView], _ panels: Range<Int>) {
        let half = Int(LLM_HALF_PANEL)
        let outputs: [Range<Int>] =
            switch kind {
            case .plain: [panels.lowerBound * 2 * half..<panels.upperBound * 2 * half]
            case .gated:
                [0, self.outputs / 2].map { start in
                    let end = min(panels.upperBound * half, self.outputs / 2)
                    return start + min(panels.lowerBound * half, end)..<start + end
                }
            }
        var first = 0
        for view in views {
            for range in outputs {
                let part = range.clamped(to: first..<first + view.shape[0])
                view.released(part.lowerBound - first..<part.upperBound - first)
            }
            first += view.shape[0]
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
