public import LLMTensor

/// What a checkpoint says about one tensor, without reading it.
public struct TensorInfo: Sendable, Hashable {
    /// The tensor's name, as the checkpoint spells it.
    public let name: String
    /// Sizes from the outermost dimension to the innermost; `[]` for a scalar.
    public let shape: [Int]
    /// The element type's name in the file's format; it may be one that cannot be read as a view.
    public let dtypeName: String
    /// How the elements are stored, where a view can be had of them.
    public let dtype: DType?
    /// Bytes stored.
    public let byteCount: Int

    /// Describes a tensor whose elements can be viewed.
    ///
    /// - Precondition: the shape has a size in `dtype`.
    public init(name: String, shape: [Int], dtype: DType) {
        guard let byteCount = dtype.byteCount(ofShape: shape) else { preconditionFailure("\(shape) of \(dtype)") }
        self.init(name: name, shape: shape, dtypeName: "\(dtype)", dtype: dtype, byteCount: byteCount)
    }

    /// Describes a tensor.
    ///
    /// - Precondition: no size is negative, and the product of the sizes other than 0 fits `Int`.
    public init(name: String, shape: [Int], dtypeName: String, dtype: DType?, byteCount: Int) {
        precondition(product(of: shape) != nil, "negative or huge shape \(shape)")
        self.name = name
        self.shape = shape
        self.dtypeName = dtypeName
        self.dtype = dtype
        self.byteCount = byteCount
    }

    /// Elements in all.
    public var elementCount: Int { shape.reduce(1, *) }
}

/// The product of the sizes in `shape`, times `width`; nil where a size is negative or the product overflows `Int`.
///
/// Sizes of 0 do not excuse the others from the overflow check, so no product of some of them can overflow later.
func product(of shape: [Int], times width: Int = 1) -> Int? {
    var total = width
    for size in shape where size != 0 {
        let (next, overflows) = total.multipliedReportingOverflow(by: size)
        guard size > 0, !overflows else { return nil }
        total = next
    }
    return shape.contains(0) ? 0 : total
}
