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

/// Rows of activations in the type that a linear layer's kernel takes; they last until their scratch is used again.
public struct Activations: Sendable {
    /// Rows there are.
    public let rows: Int
    /// Columns of a row.
    public let columns: Int
    let arguments: KernelArguments<llm_activations>
    /// Keeps the memory alive.
    private let owner: any AnyObject & Sendable

    fileprivate init(rows: Int, columns: Int, _ arguments: llm_activations, owner: any AnyObject & Sendable) {
        self.rows = rows
        self.columns = columns
        self.arguments = KernelArguments(value: arguments)
        self.owner = owner
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
    /// The rows of `x`, after `norm` where there is one, as the kernel of `weights` takes them.
    ///
    /// int8 rows have a scale for each 128 columns, or one a row for w8a8 (docs/kernels.md).
    public func activations(
        _ x: Matrix, norm: RMSNorm? = nil, for weights: PackedWeights, in scratch: ActivationScratch
    ) -> Activations {
        precondition(x.columns == weights.inputs, "activations: \(x.columns) columns for \(weights.inputs) inputs")
        precondition(norm.map { $0.weight.count == x.columns } ?? true, "activations: norm")
        let type = weights.kernel?.activation ?? LLM_FLOAT32
        if norm == nil, type == LLM_FLOAT32 { return view(x) }

        let padded = (x.columns + Int(LLM_GROUP) - 1) / Int(LLM_GROUP) * Int(LLM_GROUP)
        let width = type == LLM_FLOAT32 ? 4 : type == LLM_INT8 ? 1 : 2
        // A cache line more than a row, so that rows of a power of two do not share the cache's sets.
        let stride = padded * width + 64
        let wholeRows = weights.format == .w8a8
        let scales = wholeRows ? 1 : (padded + Int(LLM_SCALE_GROUP) - 1) / Int(LLM_SCALE_GROUP)
        let offsets = wholeRows ? 1 : padded / Int(LLM_GROUP)
        let storage = scratch.bytes(x.rows * (stride + 4 * (scales + offsets)))
        let data = UnsafeMutableRawPointer(storage.base)
        let scaleStart = data + x.rows * stride
        let offsetStart = scaleStart + x.rows * scales * 4
        let target = llm_activations(
            type: type, whole_rows: wholeRows, data: data, stride: stride,
            scales: scaleStart.assumingMemoryBound(to: Float.self),
            offsets: offsetStart.assumingMemoryBound(to: Int32.self), scale_stride: scales, offset_stride: offsets,
            weight_offset: weights.format.offset)
        encode(x, norm, target)
        return Activations(rows: x.rows, columns: x.columns, target, owner: storage)
    }

    private func view(_ x: Matrix) -> Activations {
        var target = llm_activations()
        target.type = LLM_FLOAT32
        target.data = UnsafeMutableRawPointer(x.base)
        target.stride = x.stride * MemoryLayout<Float>.stride
        return Activations(rows: x.rows, columns: x.columns, target, owner: x.owner)
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
