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

    /// Wraps `bytes`, which `owner` keeps valid and unchanged.
    ///
    /// - Precondition: the byte count is the shape's element count times the width of `dtype`.
    public init(shape: [Int], dtype: DType, bytes: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) {
        precondition(shape.allSatisfy { $0 >= 0 }, "negative dimension in \(shape)")
        precondition(
            bytes.count == shape.reduce(1, *) * dtype.byteCount, "\(bytes.count) bytes for \(shape) of \(dtype)")
        self.shape = shape
        self.dtype = dtype
        self.bytes = bytes
        self.owner = owner
    }

    /// A tensor in memory of its own, filled in order by `next`, rounded to `dtype`.
    public init(shape: [Int], dtype: DType, filledBy next: () -> Float) {
        let count = shape.reduce(1, *)
        let storage = Storage(count: (count * dtype.byteCount + 3) / 4)
        let memory = UnsafeMutableRawPointer(storage.base)
        for index in 0..<count {
            switch dtype {
            case .float32: memory.storeBytes(of: next(), toByteOffset: index * 4, as: Float.self)
            case .float16: memory.storeBytes(of: Float16(next()), toByteOffset: index * 2, as: Float16.self)
            case .bfloat16: memory.storeBytes(of: next().bfloat16Bits, toByteOffset: index * 2, as: UInt16.self)
            }
        }
        let bytes = UnsafeRawBufferPointer(start: memory, count: count * dtype.byteCount)
        self.init(shape: shape, dtype: dtype, bytes: bytes, owner: storage)
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
