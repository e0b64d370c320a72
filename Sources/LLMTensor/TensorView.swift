import CLLMKernels
import Glibc

/// A read-only tensor somewhere in memory, most often in a mapped checkpoint file: row-major, little-endian.
///
/// The view keeps the owner of its bytes alive, so it stays valid as long as it exists.
public struct TensorView: @unchecked Sendable {
    /// Sizes from the outermost dimension to the innermost; `[]` for a scalar.
    public let shape: [Int]
    /// How the elements are stored.
    public let dtype: DType
    private let bytes: UnsafeRawBufferPointer
    private let owner: any AnyObject & Sendable
    let release: (@Sendable (UnsafeRawBufferPointer) -> Void)?

    /// Wraps `bytes`, which `owner` keeps valid and unchanged.
    ///
    /// - Parameter release: is told of bytes that have been read and may leave memory until they are read again.
    /// - Precondition: the byte count is the shape's in `dtype`.
    public init(
        shape: [Int], dtype: DType, bytes: UnsafeRawBufferPointer, owner: any AnyObject & Sendable,
        release: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil
    ) {
        precondition(
            bytes.count == dtype.byteCount(ofShape: shape), "\(bytes.count) bytes for \(shape) of \(dtype)")
        self.shape = shape
        self.dtype = dtype
        self.bytes = bytes
        self.owner = owner
        self.release = release
    }

    /// A tensor in memory of its own that repeats `values` from its first element to its last, rounded to `dtype`.
    ///
    /// - Precondition: there are values, and `dtype` is a float of 16 or 32 bits.
    public init(shape: [Int], dtype: DType, repeating values: [Float]) {
        precondition(!values.isEmpty, "nothing to repeat")
        switch dtype {
        case .float32: self = values.withUnsafeBytes { TensorView(shape: shape, dtype: dtype, repeatingBytes: $0) }
        case .float16:
            self = values.map { Float16($0) }.withUnsafeBytes {
                TensorView(shape: shape, dtype: dtype, repeatingBytes: $0)
            }
        case .bfloat16:
            self = values.map(\.bfloat16Bits).withUnsafeBytes {
                TensorView(shape: shape, dtype: dtype, repeatingBytes: $0)
            }
        default: preconditionFailure("values are not quantized to \(dtype)")
        }
    }

    /// A tensor in memory of its own that repeats `pattern` from its first byte to its last.
    ///
    /// - Precondition: there are bytes.
    package init(shape: [Int], dtype: DType, repeatingBytes pattern: UnsafeRawBufferPointer) {
        guard let byteCount = dtype.byteCount(ofShape: shape) else { preconditionFailure("\(shape) of \(dtype)") }
        let storage = Storage(count: (byteCount + 3) / 4)
        let memory = UnsafeMutableRawBufferPointer(start: storage.base, count: byteCount)
        for start in stride(from: 0, to: byteCount, by: pattern.count) {
            let part = min(pattern.count, byteCount - start)
            UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + part])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: pattern[..<part]))
        }
        self.init(shape: shape, dtype: dtype, bytes: UnsafeRawBufferPointer(memory), owner: storage)
    }

    /// Elements in all.
    public var count: Int { bytes.count / dtype.blockByteCount * dtype.blockElements }

    /// Bytes in all.
    public var byteCount: Int { bytes.count }

    /// Calls `body` with the stored bytes; they are valid during the call only.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        return try body(bytes)
    }

    /// Whether both hold the same elements in the same form.
    package func isIdentical(to other: TensorView) -> Bool {
        guard shape == other.shape, dtype == other.dtype, bytes.count == other.bytes.count else { return false }
        return withExtendedLifetime((self, other)) {
            guard let one = bytes.baseAddress, let two = other.bytes.baseAddress else { return true }
            return memcmp(one, two, bytes.count) == 0
        }
    }

    /// The start of a row of the outermost dimension; valid as long as a copy of the view lives.
    func row(_ index: Int) -> UnsafeRawPointer? {
        precondition(index >= 0 && index < shape[0], "row \(index) of \(shape)")
        return bytes.baseAddress.map { $0 + index * rowByteCount }
    }

    /// Bytes of a row of the outermost dimension.
    var rowByteCount: Int { shape[0] == 0 ? 0 : bytes.count / shape[0] }

    /// Says that rows of the outermost dimension have been read, so that their memory may go. They can be read again.
    package func released(_ rows: Range<Int>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= shape[0], "rows \(rows) of \(shape)")
        guard let release, !rows.isEmpty else { return }
        release(
            UnsafeRawBufferPointer(rebasing: bytes[rows.lowerBound * rowByteCount..<rows.upperBound * rowByteCount]))
    }

    /// The same rows of the outermost dimension in another order, in memory of their own: row `i` is row `source(i)`.
    ///
    /// - Precondition: there is a dimension, and every source is one of its rows.
    public func reorderingRows(_ source: (Int) -> Int) -> TensorView {
        TensorView(joining: [self], dimension: 0, shape: shape) { (0, source($0)) }
    }

    /// Rows of several tensors of one type, in memory of their own: row `i` is a row of one of them, as `source(i)` says.
    ///
    /// - Parameter dimension: of which the sizes down to it make the number of rows.
    /// - Precondition: all have the size `shape` in the dimensions behind it, and every source is a row.
    package init(
        joining parts: [TensorView], dimension: Int, shape: [Int], _ source: (Int) -> (part: Int, row: Int)
    ) {
        let dtype = parts[0].dtype
        guard let byteCount = dtype.byteCount(ofShape: shape) else { preconditionFailure("\(shape) of \(dtype)") }
        let storage = Storage(count: (byteCount + 3) / 4)
        let memory = UnsafeMutableRawPointer(storage.base)
        let counts = parts.map { $0.shape[...dimension].reduce(1, *) }
        let rows = shape[...dimension].reduce(1, *)
        let width = rows == 0 ? 0 : byteCount / rows
        for index in 0..<rows {
            let (part, row) = source(index)
            precondition(row >= 0 && row < counts[part] && counts[part] * width == parts[part].byteCount, "row \(row)")
            guard let base = parts[part].bytes.baseAddress else { continue }
            (memory + index * width).copyMemory(from: base + row * width, byteCount: width)
        }
        for part in parts { part.released(0..<part.shape[0]) }
        self.init(
            shape: shape, dtype: dtype, bytes: UnsafeRawBufferPointer(start: memory, count: byteCount), owner: storage)
    }

    /// All elements in order, widened to float32 (exact for every stored type).
    public func floats() -> [Float] {
        withBytes { bytes in
            [Float](unsafeUninitializedCapacity: count) { values, initialized in
                if let base = bytes.baseAddress, let target = values.baseAddress {
                    llm_decode(dtype.kernelType, base, 0, count, target)
                }
                initialized = count
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
