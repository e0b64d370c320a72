import CLLMKernels

/// Writes a tensor's rows anew in another stored type, on the pool's threads, and measures what that changes.
///
/// Rows are of the innermost dimension. A row's bytes depend on that row and on the importance only.
package struct TensorEncoder: Sendable {
    /// The types that tensors can be written in.
    package static var types: [DType] { BlockEncoder.types }

    /// Sums over what has been encoded.
    package struct Error: Sendable {
        /// Of (value - encoded value)².
        package var squares = 0.0
        /// Of value².
        package var energy = 0.0

        /// Of nothing.
        package init() {}

        package static func += (sum: inout Error, error: Error) {
            sum.squares += error.squares
            sum.energy += error.energy
        }

        /// The root of the mean squared error over that of the mean square.
        package var relative: Double {
            if squares == 0 { return 0 }
            return squares.isFinite && energy.isFinite && energy > 0 ? (squares / energy).squareRoot() : .infinity
        }
    }

    private let view: TensorView
    private let dtype: DType
    private let source: (@Sendable (Int) -> Int)?
    private let importance: [Float]?
    private let columns: Int
    private let pool: ThreadPool
    /// nil where the bytes are taken as they are.
    private let encoder: BlockEncoder?

    /// Rows of the tensor.
    package let rows: Int
    /// Rows that are a good piece to encode at once: about 16 MiB in float32.
    package var rowsOfPiece: Int { max(pool.threads, (4 << 20) / max(columns, 1)) }

    /// - Parameters:
    ///   - source: the row of the view that becomes a row of the result; nil for the same.
    ///   - importance: one value a column: how much its error counts; nil for the same.
    /// - Precondition: `dtype` is the view's or one of ``types``, and rows are whole blocks of it.
    package init(
        _ view: TensorView, as dtype: DType, source: (@Sendable (Int) -> Int)? = nil, importance: [Float]? = nil,
        on compute: Compute
    ) {
        let columns = view.shape.last ?? 1
        self.columns = columns
        rows = columns == 0 ? 0 : view.count / columns
        precondition(columns % dtype.blockElements == 0, "rows of \(columns) in \(dtype)")
        precondition(importance.map { $0.count == columns } ?? true, "importance of \(columns) columns")
        let encoder = view.dtype == dtype ? nil : BlockEncoder(dtype, compute.kernels)
        self.encoder = encoder
        precondition(encoder != nil || view.dtype == dtype, "\(dtype) cannot be written")
        self.view = view
        self.dtype = dtype
        self.source = source
        self.importance = importance
        pool = compute.pool
    }

    /// The bytes of some rows of the result.
    package func encode(_ rows: Range<Int>) -> (bytes: [UInt8], error: Error) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows, "rows \(rows) of \(self.rows)")
        let rowBytes = columns / dtype.blockElements * dtype.blockByteCount
        var errors: [Error] = []
        let bytes = [UInt8](unsafeUninitializedCapacity: rows.count * rowBytes) { buffer, count in
            count = rows.count * rowBytes
            guard let start = buffer.baseAddress else { return }
            let target = Target(start: UnsafeMutableRawPointer(start))
            let group = max(1, 16_384 / max(columns, 1))
            errors = pool.map((rows.count + group - 1) / group) { piece in
                let part = piece * group..<min((piece + 1) * group, rows.count)
                return encode(part, from: rows.lowerBound, target.start, rowBytes)
            }
        }
        var sum = Error()
        for error in errors { sum += error }
        return (bytes, sum)
    }

    /// Says that the tensor has been read, so that its memory may go.
    package func release() {
        if let first = view.shape.first { view.released(0..<first) }
    }

    private func encode(
        _ rows: Range<Int>, from first: Int, _ target: UnsafeMutableRawPointer, _ rowBytes: Int
    ) -> Error {
        var error = Error()
        let stored = columns / view.dtype.blockElements * view.dtype.blockByteCount
        var (values, decoded) = ([Float](repeating: 0, count: columns), [Float](repeating: 0, count: columns))
        view.withBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            for row in rows {
                let from = base + (source?(first + row) ?? first + row) * stored
                let to = target + row * rowBytes
                guard let encoder else {
                    to.copyMemory(from: from, byteCount: rowBytes)
                    continue
                }
                llm_decode(view.dtype.kernelType, from, 0, columns, &values)
                importance.withBytes { encoder.encode(values, importance: $0, count: columns, to: to) }
                llm_decode(dtype.kernelType, to, 0, columns, &decoded)
                for column in 0..<columns {
                    let (value, other) = (Double(values[column]), Double(decoded[column]))
                    error.squares += (value - other) * (value - other)
                    error.energy += value * value
                }
            }
        }
        return error
    }

    /// Memory that threads fill, each its own part.
    private struct Target: @unchecked Sendable {
        let start: UnsafeMutableRawPointer
    }
}

extension Optional<[Float]> {
    fileprivate func withBytes(_ body: (UnsafePointer<Float>?) -> Void) {
        switch self {
        case nil: body(nil)
        case let values?: values.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}
