import CLLMKernels

/// An RMSNorm (Zhang and Sennrich 2019): its weight and what is added to the mean square.
public struct RMSNorm: Sendable {
    /// One factor a column.
    public let weight: [Float]
    /// Keeps the root from zero.
    public let epsilon: Float

    /// A norm over `weight.count` columns.
    public init(weight: [Float], epsilon: Float) {
        self.weight = weight
        self.epsilon = epsilon
    }
}

/// How rows of activations are encoded for a linear kernel.
struct ActivationForm: Hashable, Sendable {
    private let type: UInt32
    /// Columns that an offset covers; `LLM_WHOLE_ROW` where a row has one scale and one offset.
    let group: Int
    /// What the packed weights have added to them.
    let weightOffset: Int32

    static let float32 = ActivationForm(LLM_FLOAT32, for: .float32)

    /// The form that a kernel of weights of `packing` takes.
    init(_ type: llm_activation, for packing: Packing) {
        self.type = type.rawValue
        group = packing.group
        weightOffset = packing.offset
    }

    var kernelType: llm_activation { llm_activation(type) }

    /// Bytes of an element.
    var elementByteCount: Int {
        switch kernelType {
        case LLM_FLOAT32: 4
        case LLM_INT8: 1
        default: 2
        }
    }
}

/// Rows of activations in the forms that the kernels of a linear layer take; they last until their scratch is used again.
public struct Activations: Sendable {
    /// Rows there are.
    public let rows: Int
    /// Columns of a row.
    public let columns: Int
    fileprivate let encoded: [Encoded]

    fileprivate struct Encoded: Sendable {
        let form: ActivationForm
        let arguments: KernelArguments<llm_activations>
        /// Keeps the memory alive.
        let owner: any AnyObject & Sendable

        init(_ form: ActivationForm, _ arguments: llm_activations, owner: any AnyObject & Sendable) {
            self.form = form
            self.arguments = KernelArguments(value: arguments)
            self.owner = owner
        }
    }

    fileprivate init(rows: Int, columns: Int, _ encoded: [Encoded]) {
        self.rows = rows
        self.columns = columns
        self.encoded = encoded
    }

    /// The rows in `range`, sharing this memory.
    public func rows(_ range: Range<Int>) -> Activations {
        rows(from: range.lowerBound, every: 1, count: range.count)
    }

    /// So many rows, the first at `first` and each `step` after the one before, sharing this memory.
    public func rows(from first: Int, every step: Int, count: Int) -> Activations {
        precondition(
            first >= 0 && step > 0 && count >= 0 && (count == 0 || first + (count - 1) * step < rows),
            "\(count) rows of \(rows) from \(first) on, \(step) apart")
        return Activations(
            rows: count, columns: columns,
            encoded.map { whole in
                var arguments = whole.arguments.value
                arguments.data += first * arguments.stride
                arguments.stride *= step
                if let scales = arguments.scales {
                    arguments.scales = scales + first * arguments.scale_stride
                    arguments.scale_stride *= step
                }
                if let offsets = arguments.offsets {
                    arguments.offsets = offsets + first * arguments.offset_stride
                    arguments.offset_stride *= step
                }
                return Encoded(whole.form, arguments, owner: whole.owner)
            })
    }

    /// The rows in a form.
    ///
    /// - Precondition: they were made for weights that take it.
    func arguments(_ form: ActivationForm) -> llm_activations {
        guard let found = encoded.first(where: { $0.form == form }) else {
            preconditionFailure("activations made for other weights")
        }
        return found.arguments.value
    }
}

/// Memory for ``Activations``, used again from op to op. One thread uses it at a time.
public final class ActivationScratch {
    private var storage = Storage(count: 0)

    /// Empty scratch.
    public init() {}

    fileprivate func bytes(_ count: Int) -> Storage {
        if storage.byteCount < count { storage = Storage(count: (count + 3) / 4) }
        return storage
    }
}

extension Compute {
    /// The rows of `x`, after `norm` where there is one, as the kernels of `weights` take them: encoded once for each
    /// form that its parts need.
    ///
    /// int8 rows have a scale for each 128 columns, or one a row for w8a8 (docs/kernels.md).
    public func activations(
        _ x: Matrix, norm: RMSNorm? = nil, for weights: PackedWeights, in scratch: ActivationScratch
    ) -> Activations {
        activations(x, norm: norm, for: CollectionOfOne(weights), in: scratch)
    }

    /// The same for several layers that read the rows or some of them.
    public func activations(
        _ x: Matrix, norm: RMSNorm? = nil, for layers: some Collection<PackedWeights>, in scratch: ActivationScratch
    ) -> Activations {
        for weights in layers {
            precondition(x.columns == weights.inputs, "activations: \(x.columns) columns for \(weights.inputs) inputs")
        }
        let forms = layers.reduce(into: [ActivationForm]()) { forms, weights in
            for form in weights.forms where !forms.contains(form) { forms.append(form) }
        }
        precondition(norm.map { $0.weight.count == x.columns } ?? true, "activations: norm")
        /// nil where the rows are taken as they are.
        func room(_ form: ActivationForm) -> ActivationRoom? {
            norm == nil && form == .float32 ? nil : ActivationRoom(form, rows: x.rows, columns: x.columns)
        }
        let storage = scratch.bytes(forms.reduce(0) { $0 + (room($1)?.byteCount ?? 0) })
        var start = UnsafeMutableRawPointer(storage.base)
        let encoded = forms.map { form -> Activations.Encoded in
            guard let room = room(form) else { return Activations.Encoded(form, view(x), owner: x.owner) }
            let target = room.arguments(at: start)
            start += room.byteCount
            encode(x, norm, target)
            return Activations.Encoded(form, target, owner: storage)
        }
        return Activations(rows: x.rows, columns: x.columns, encoded)
    }

    /// Rows `indices` of encoded rows, in that order.
    public func gather(_ x: Activations, _ indices: [Int], in scratch: ActivationScratch) -> Activations {
        precondition(indices.allSatisfy { $0 >= 0 && $0 < x.rows }, "gather: rows of \(x.rows)")
        let rooms = x.encoded.map { ActivationRoom($0.form, rows: indices.count, columns: x.columns) }
        let storage = scratch.bytes(rooms.reduce(0) { $0 + $1.byteCount })
        var start = UnsafeMutableRawPointer(storage.base)
        let encoded = zip(x.encoded, rooms).map { whole, room -> Activations.Encoded in
            let target = room.arguments(at: start)
            start += room.byteCount
            let (from, to) = (whole.arguments, KernelArguments(value: target))
            overRows(indices.count, elements: indices.count * x.columns) { range in
                for row in range { room.copyRow(indices[row], of: from.value, to: row, of: to.value) }
            }
            return Activations.Encoded(whole.form, target, owner: storage)
        }
        return Activations(rows: indices.count, columns: x.columns, encoded)
    }

    private func view(_ x: Matrix) -> llm_activations {
        var target = llm_activations()
        target.type = LLM_FLOAT32
        target.data = UnsafeMutableRawPointer(x.base)
        target.stride = x.stride * MemoryLayout<Float>.stride
        return target
    }

    private func encode(_ x: Matrix, _ norm: RMSNorm?, _ target: llm_activations) {
        withOptionalPointer(norm?.weight) { weight in
            let arguments = KernelArguments(
                value: llm_encode_args(
                    x: x.base, x_stride: x.stride, weight: weight, epsilon: norm?.epsilon ?? 0, k: x.columns,
                    y: target))
            let kernel = kernels.encode
            overRows(x.rows, elements: x.rows * x.columns) { range in
                withUnsafePointer(to: arguments.value) { kernel($0, range.lowerBound, range.upperBound) }
            }
        }
    }
}

/// The room that encoded rows take: their elements, then their scales, then their offsets.
private struct ActivationRoom {
    let form: ActivationForm
    let rows: Int
    let stride: Int
    /// Bytes of a row's elements.
    private let rowByteCount: Int
    let scales: Int
    let offsets: Int

    init(_ form: ActivationForm, rows: Int, columns: Int) {
        let padded = (columns + Int(LLM_GROUP) - 1) / Int(LLM_GROUP) * Int(LLM_GROUP)
        self.form = form
        self.rows = rows
        // A cache line more than a row, so that rows of a power of two do not share the cache's sets.
        stride = padded * form.elementByteCount + 64
        rowByteCount = (form == .float32 ? columns : padded) * form.elementByteCount
        let isWhole = form.group == Int(LLM_WHOLE_ROW)
        scales = isWhole ? 1 : (padded + Int(LLM_SCALE_GROUP) - 1) / Int(LLM_SCALE_GROUP)
        offsets = isWhole || form.group == 0 ? 1 : padded / form.group
    }

    /// Whole cache lines.
    var byteCount: Int { (rows * (stride + 4 * (scales + offsets)) + 63) / 64 * 64 }

    /// A row of the same form to a row of this room. Rows as they are have no scales.
    func copyRow(_ row: Int, of source: llm_activations, to place: Int, of target: llm_activations) {
        let data = target.data + place * target.stride
        data.copyMemory(from: source.data + row * source.stride, byteCount: rowByteCount)
        if let from = source.scales, let to = target.scales {
            (to + place * target.scale_stride).update(from: from + row * source.scale_stride, count: scales)
        }
        if let from = source.offsets, let to = target.offsets {
            (to + place * target.offset_stride).update(from: from + row * source.offset_stride, count: offsets)
        }
    }

    func arguments(at start: UnsafeMutableRawPointer) -> llm_activations {
        let scaleStart = start + rows * stride
        let offsetStart = scaleStart + rows * scales * 4
        return llm_activations(
            type: form.kernelType, group: form.group, data: start, stride: stride,
            scales: scaleStart.assumingMemoryBound(to: Float.self),
            offsets: offsetStart.assumingMemoryBound(to: Int32.self), scale_stride: scales, offset_stride: offsets,
            weight_offset: form.weightOffset)
    }
}
