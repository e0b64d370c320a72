import CLLMKernels
import COpenBLAS

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

    /// How rows become what is encoded, and how they are rounded.
    package struct Options: Sendable {
        /// The row of the view that becomes a row of the result; nil for the same.
        package var source: (@Sendable (Int) -> Int)?
        /// What columns are multiplied by before they are encoded.
        package var columnScales: [Float]?
        /// What rows of the result are multiplied by before they are encoded.
        package var rowScales: [Float]?
        /// One value a column: how much its error counts where scales are fitted; nil for the same.
        package var importance: [Float]?
        /// By which the errors of weights are made up for by others (`llm_round_blocks`); nil for each weight by itself.
        package var factor: RoundingFactor?

        /// Rows as they are, each weight by itself.
        package init() {}

        fileprivate var changesValues: Bool { columnScales != nil || rowScales != nil }
    }

    private let view: TensorView
    private let dtype: DType
    private let options: Options
    private let columns: Int
    private let compute: Compute
    /// nil where the bytes are taken as they are.
    private let encoder: BlockEncoder?

    /// Rows of the tensor.
    package let rows: Int
    /// Rows that are a good piece to encode at once: about 16 MiB in float32.
    package var rowsOfPiece: Int { max(compute.pool.threads, (4 << 20) / max(columns, 1)) }

    /// - Precondition: `dtype` is the view's or one of ``types``, rows are whole blocks of it, and the options have a value
    ///   for each column and row.
    package init(_ view: TensorView, as dtype: DType, _ options: Options = Options(), on compute: Compute) {
        let columns = view.shape.last ?? 1
        self.columns = columns
        rows = columns == 0 ? 0 : view.count / columns
        precondition(columns % dtype.blockElements == 0, "rows of \(columns) in \(dtype)")
        for values in [options.importance, options.columnScales].compactMap(\.self) {
            precondition(values.count == columns, "\(values.count) values for \(columns) columns")
        }
        precondition(options.rowScales.map { [rows] in $0.count == rows } ?? true, "scales of \(rows) rows")
        precondition(options.factor.map { $0.columns == columns } ?? true, "a factor for \(columns) columns")
        let encoder =
            view.dtype == dtype && !options.changesValues ? nil : BlockEncoder(dtype, compute.kernels)
        self.encoder = encoder
        precondition(encoder != nil || view.dtype == dtype, "\(dtype) cannot be written")
        self.view = view
        self.dtype = dtype
        self.options = options
        self.compute = compute
    }

    /// The bytes of some rows of the result.
    package func encode(_ rows: Range<Int>) -> (bytes: [UInt8], error: Error) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows, "rows \(rows) of \(self.rows)")
        var errors: [Error] = []
        let bytes = [UInt8](unsafeUninitializedCapacity: rows.count * rowBytes) { buffer, count in
            count = rows.count * rowBytes
            guard let start = buffer.baseAddress else { return }
            let target = Target(start: UnsafeMutableRawPointer(start))
            let isRounded = round(rows, target)
            errors = overRows(rows.count) { encode($0, from: rows.lowerBound, target, isRounded: isRounded) }
        }
        var sum = Error()
        for error in errors { sum += error }
        return (bytes, sum)
    }

    /// What encoding changes in some rows, of what they are before columns are scaled, `[rows, columns]`.
    package func differences(_ rows: Range<Int>) -> Matrix {
        let differences = Matrix(rows: rows.count, columns: columns)
        let bytes = encode(rows).bytes
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let blocks = KernelArguments(value: base)
            _ = overRows(rows.count) { part in
                var values = [Float](repeating: 0, count: columns)
                for row in part {
                    let target = differences.base + row * differences.stride
                    read(rows.lowerBound + row, into: &values)
                    llm_decode(dtype.kernelType, blocks.value + row * rowBytes, 0, columns, target)
                    for column in 0..<columns {
                        target[column] = (target[column] - values[column]) / (options.columnScales?[column] ?? 1)
                    }
                }
            }
        }
        return differences
    }

    /// Says that the tensor has been read, so that its memory may go.
    package func release() {
        if let first = view.shape.first { view.released(0..<first) }
    }

    private var rowBytes: Int { columns / dtype.blockElements * dtype.blockByteCount }
    private var storedRowBytes: Int { columns / view.dtype.blockElements * view.dtype.blockByteCount }

    private func overRows<Value: Sendable>(_ rows: Int, _ body: @Sendable (Range<Int>) -> Value) -> [Value] {
        let group = max(1, 16_384 / max(columns, 1))
        return compute.pool.map((rows + group - 1) / group) { piece in
            body(piece * group..<min((piece + 1) * group, rows))
        }
    }

    /// Row `row` of the result, as it is to be encoded.
    private func read(_ row: Int, into values: UnsafeMutablePointer<Float>) {
        view.withBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let stored = options.source?(row) ?? row
            llm_decode(view.dtype.kernelType, base + stored * storedRowBytes, 0, columns, values)
        }
        guard options.changesValues else { return }
        let scale = options.rowScales?[row] ?? 1
        for column in 0..<columns { values[column] *= scale * (options.columnScales?[column] ?? 1) }
    }

    /// What encoding has changed in a row.
    private func difference(_ values: [Float], _ blocks: UnsafeMutableRawPointer) -> Error {
        var (decoded, error) = ([Float](repeating: 0, count: columns), Error())
        llm_decode(dtype.kernelType, blocks, 0, columns, &decoded)
        for column in 0..<columns {
            let (value, other) = (Double(values[column]), Double(decoded[column]))
            error.squares += (value - other) * (value - other)
            error.energy += value * value
        }
        return error
    }

    private func encode(_ rows: Range<Int>, from first: Int, _ target: Target, isRounded: Bool) -> Error {
        var (error, values) = (Error(), [Float](repeating: 0, count: columns))
        for row in rows {
            let to = target.start + row * rowBytes
            guard let encoder else {
                view.withBytes { bytes in
                    guard let base = bytes.baseAddress else { return }
                    let stored = options.source?(first + row) ?? first + row
                    to.copyMemory(from: base + stored * storedRowBytes, byteCount: rowBytes)
                }
                continue
            }
            read(first + row, into: &values)
            if !isRounded {
                options.importance.withBytes { encoder.encode(values, importance: $0, count: columns, to: to) }
            }
            error += difference(values, to)
        }
        return error
    }

    /// Columns whose errors are made up for at once in those behind them.
    private static let panel = 256

    /// Rounds weight after weight along the columns, all rows side by side; false where it is not asked for, or where not
    /// all weights are finite.
    private func round(_ rows: Range<Int>, _ target: Target) -> Bool {
        guard let encoder, let factor = options.factor, dtype.blockElements > 1 else { return false }
        let x = Matrix(rows: rows.count, columns: columns)
        let errors = Matrix(rows: rows.count, columns: TensorEncoder.panel)
        let areFinite = overRows(rows.count) { part in
            part.allSatisfy { row in
                read(rows.lowerBound + row, into: x.base + row * x.stride)
                return (0..<columns).allSatisfy { x.base[row * x.stride + $0].isFinite }
            }
        }
        guard areFinite.allSatisfy(\.self) else { return false }
        for start in stride(from: 0, to: columns, by: TensorEncoder.panel) {
            let end = min(start + TensorEncoder.panel, columns)
            let arguments = KernelArguments(
                value: llm_round_args(factor: factor.base + start * columns + start, stride: columns))
            _ = overRows(rows.count) { part in
                for row in part {
                    let blocks = target.start + row * rowBytes
                    encoder.round(
                        x.base + row * x.stride + start, arguments.value, count: end - start,
                        to: blocks + start / dtype.blockElements * dtype.blockByteCount,
                        errors: errors.base + row * errors.stride)
                }
            }
            guard end < columns else { break }
            openblas_set_num_threads(Int32(compute.pool.threads))
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows.count), Int32(columns - end), Int32(end - start),
                -1, errors.base, Int32(errors.stride), factor.base + start * columns + end, Int32(columns), 1,
                x.base + end, Int32(x.stride))
        }
        return true
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
