import CLLMKernels

/// A run of a linear layer's output features that are packed alike: panels of 32 features (docs/kernels.md), or plain
/// float32 rows for OpenBLAS.
struct PackedPart: Sendable {
    /// How the weights lie in memory.
    enum Layout: Sendable {
        case panels(Packing, Kernels.Linear)
        case float32Rows
    }

    /// The output features of the layer that these are.
    let outputs: Range<Int>
    let inputs: Int
    let kind: PackedWeights.Kind
    let layout: Layout
    private var storage: Storage

    /// Packs row-major matrices `[outputs_i, inputs]`, stacked on one another in the given order.
    init(
        _ views: [TensorView], firstOutput: Int, _ layout: Layout, _ kind: PackedWeights.Kind, on compute: Compute
    ) {
        let count = views.reduce(0) { $0 + $1.shape[0] }
        outputs = firstOutput..<firstOutput + count
        inputs = views[0].shape[1]
        self.kind = kind
        self.layout = layout
        switch layout {
        case .float32Rows: storage = PackedPart.widen(views, count: count * inputs)
        case .panels(let packing, _):
            let bytes = PackedPart.panels(count, kind) * packing.panelByteCount(inputs: inputs)
            storage = Storage(count: (bytes + 3) / 4, inHugePages: true)
            packPanels(views, packing, on: compute)
        }
    }

    /// How the kernel takes its rows of activations.
    var form: ActivationForm {
        switch layout {
        case .panels(let packing, let kernel): ActivationForm(kernel.activation, for: packing)
        case .float32Rows: .float32
        }
    }

    var arithmetic: Arithmetic {
        switch layout {
        case .panels(_, let kernel): kernel.arithmetic
        case .float32Rows: .float32
        }
    }

    /// Panels of 32 output features.
    var panels: Int { PackedPart.panels(outputs.count, kind) }

    private static func panels(_ outputs: Int, _ kind: PackedWeights.Kind) -> Int {
        switch kind {
        case .plain: (outputs + Int(LLM_PANEL) - 1) / Int(LLM_PANEL)
        case .gated: (outputs / 2 + Int(LLM_HALF_PANEL) - 1) / Int(LLM_HALF_PANEL)
        }
    }

    var byteCount: Int { storage.byteCount }

    /// The first weight; valid while a copy of the part lives.
    var base: UnsafeRawPointer { UnsafeRawPointer(storage.base) }

    var memory: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

    /// The same weights in memory of their own.
    func copied() -> PackedPart {
        var copy = self
        copy.storage = Storage(count: byteCount / MemoryLayout<Float>.stride, inHugePages: true)
        UnsafeMutableRawPointer(copy.storage.base).copyMemory(from: base, byteCount: byteCount)
        return copy
    }

    /// Writes the weights of one of the layer's output features, widened to float32.
    func unpackRow(_ output: Int, to target: UnsafeMutablePointer<Float>) {
        let row = output - outputs.lowerBound
        switch layout {
        case .panels(let packing, _): llm_unpack_row(packing.kernelPacking, base, inputs, row, target)
        case .float32Rows:
            target.update(from: base.assumingMemoryBound(to: Float.self) + row * inputs, count: inputs)
        }
    }
}

extension PackedPart {
    private static func widen(_ views: [TensorView], count: Int) -> Storage {
        let storage = Storage(count: count, inHugePages: true)
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
    private func packPanels(_ views: [TensorView], _ packing: Packing, on compute: Compute) {
        let panelBytes = packing.panelByteCount(inputs: inputs)
        let rowBytes = views.reduce(1) { max($0, $1.rowByteCount) }
        let together = max(1, PackedPart.releasedBytes / (Int(LLM_PANEL) * rowBytes))
        for start in stride(from: 0, to: panels, by: together) {
            let chunk = start..<min(start + together, panels)
            compute.pool.run(chunk.count) { index in
                let panel = start + index
                let rows = (0..<Int(LLM_PANEL)).map { row(output($0, of: panel), of: views) }
                storage.populate(panel * panelBytes..<(panel + 1) * panelBytes)
                let target = UnsafeMutableRawPointer(storage.base) + panel * panelBytes
                compute.kernels.pack(packing.kernelPacking, rows, inputs, target)
            }
            release(views, chunk)
        }
        withExtendedLifetime(views) {}
    }

    /// Bytes of rows that are packed before they are released.
    private static let releasedBytes = 16 << 20

    private func row(_ output: Int, of views: [TensorView]) -> llm_stored_row {
        var row = output
        for view in views {
            if row < view.shape[0] { return llm_stored_row(dtype: view.dtype.kernelType, data: view.row(row)) }
            row -= view.shape[0]
        }
        return llm_stored_row()
    }

    private func release(_ views: [TensorView], _ panels: Range<Int>) {
        let half = Int(LLM_HALF_PANEL)
        let ranges: [Range<Int>] =
            switch kind {
            case .plain: [panels.lowerBound * 2 * half..<panels.upperBound * 2 * half]
            case .gated:
                [0, outputs.count / 2].map { start in
                    let end = min(panels.upperBound * half, outputs.count / 2)
                    return start + min(panels.lowerBound * half, end)..<start + end
                }
            }
        var first = 0
        for view in views {
            for range in ranges {
                let part = range.clamped(to: first..<first + view.shape[0])
                view.released(part.lowerBound - first..<part.upperBound - first)
            }
            first += view.shape[0]
        }
    }

    /// The output, counted from the part's first, whose weights are a panel's `feature`; past the outputs where the panel
    /// has no such feature.
    private func output(_ feature: Int, of panel: Int) -> Int {
        let half = Int(LLM_HALF_PANEL)
        guard kind == .gated else { return panel * Int(LLM_PANEL) + feature }
        let column = panel * half + feature % half
        guard column < outputs.count / 2 else { return outputs.count }
        return feature < half ? column : outputs.count / 2 + column
    }
}
