/// A read-only tensor somewhere in memory, most often in a mapped checkpoint file: row-major, little-endian.
///
/// The view keeps the owner of its bytes alive, so it stays valid as long as it exists.
public struct TensorView: @unchecked Sendable {
    /// Sizes from the outermost dimension to the innermost; `[]` for a scalar.
    public let shape: [Int]
    /// The type of the stored elements.
    public let dtype: DType
    private let bytes: UnsafeRawBufferPointer
    private let owner: any AnyObject & Sendable
    private let release: (@Sendable (UnsafeRawBufferPointer) -> Void)?

    /// Wraps `bytes`, which `owner` keeps valid and unchanged.
    ///
    /// - Parameter release: is told of bytes that have been read and may leave memory until they are read again.
    /// - Precondition: the byte count is the shape's element count times the width of `dtype`.
    public init(
        shape: [Int], dtype: DType, bytes: UnsafeRawBufferPointer, owner: any AnyObject & Sendable,
        release: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil
    ) {
        precondition(shape.allSatisfy { $0 >= 0 }, "negative dimension in \(shape)")
        precondition(
            bytes.count == shape.reduce(1, *) * dtype.byteCount, "\(bytes.count) bytes for \(shape) of \(dtype)")
        self.shape = shape
        self.dtype = dtype
        self.bytes = bytes
        self.owner = owner
        self.release = release
    }

    /// A tensor in memory of its own that repeats `values` from its first element to its last, rounded to `dtype`.
    ///
    /// - Precondition: there are values.
    public init(shape: [Int], dtype: DType, repeating values: [Float]) {
        precondition(!values.isEmpty, "nothing to repeat")
        let byteCount = shape.reduce(1, *) * dtype.byteCount
        let storage = Storage(count: (byteCount + 3) / 4)
        let memory = UnsafeMutableRawBufferPointer(start: storage.base, count: byteCount)
        func fill(_ pattern: UnsafeRawBufferPointer) {
            for start in stride(from: 0, to: byteCount, by: pattern.count) {
                let part = min(pattern.count, byteCount - start)
                UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + part])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: pattern[..<part]))
            }
        }
        switch dtype {
        case .float32: values.withUnsafeBytes(fill)
        case .float16: values.map { Float16($0) }.withUnsafeBytes(fill)
        case .bfloat16: values.map(\.bfloat16Bits).withUnsafeBytes(fill)
        }
        self.init(shape: shape, dtype: dtype, bytes: UnsafeRawBufferPointer(memory), owner: storage)
    }

    /// Elements in all.
    public var count: Int { bytes.count / dtype.byteCount }

    /// Bytes in all.
    public var byteCount: Int { bytes.count }

    /// Calls `body` with the stored bytes; they are valid during the call only.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        return try body(bytes)
    }

    /// The start of a row of the outermost dimension; valid as long as a copy of the view lives.
    func row(_ index: Int) -> UnsafeRawPointer? {
        precondition(index >= 0 && index < shape[0], "row \(index) of \(shape)")
        return bytes.baseAddress.map { $0 + index * (bytes.count / shape[0]) }
    }

    /// A view of some rows of the outermost dimension.
    func rows(_ range: Range<Int>) -> TensorView {
        precondition(range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
        let width = bytes.count / shape[0]
        return TensorView(
            shape: [range.count] + shape.dropFirst(), dtype: dtype,
            bytes: UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * width..<range.upperBound * width]),
            owner: owner, release: release)
    }

    /// Says that rows of the outermost dimension have been read, so that their memory may go. They can be read again.
    package func released(_ rows: Range<Int>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= shape[0], "rows \(rows) of \(shape)")
        guard let release, !rows.isEmpty else { return }
        let width = bytes.count / shape[0]
        release(UnsafeRawBufferPointer(rebasing: bytes[rows.lowerBound * width..<rows.upperBound * width]))
    }

    /// All elements in order, widened to float32 (exact for every dtype).
    public func floats() -> [Float] {
        withBytes { bytes in
            switch dtype {
            case .float32: (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
            case .float16:
                (0..<count).map { index in
                    let bits = bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                    return Float(Float16(bitPattern: bits))
                }
            case .bfloat16:
                (0..<count).map { index in
                    let bits = bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                    return Float(bitPattern: UInt32(bits) << 16)
                }
            }
        }
    }
}

extension Float {
    /// The bits of the nearest bfloat16, ties to even. NaN is not kept.
    fileprivate var bfloat16Bits: UInt16 {
        UInt16((bitPattern &+ 0x7fff &+ (bitPattern >> 16 & 1)) >> 16)
    }
}
