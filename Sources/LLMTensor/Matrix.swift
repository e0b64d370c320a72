/// A float32 matrix of activations: a view of some rows and columns of shared storage.
///
/// Rows are contiguous inside and `stride` elements apart. Copies share the storage; the engine's thread owns it, and
/// the ops of ``Compute`` hand disjoint parts of it to the pool's threads.
public struct Matrix: @unchecked Sendable {
    /// Rows of this view.
    public let rows: Int
    /// Columns of this view.
    public let columns: Int
    let stride: Int
    private let offset: Int
    private let storage: Storage

    /// A zeroed matrix of its own. Memory is taken from the system as rows are first written.
    public init(rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0, "negative size")
        self.rows = rows
        self.columns = columns
        stride = columns
        offset = 0
        storage = Storage(count: rows * columns)
    }

    /// A matrix in `storage`, from element `offset` on.
    init(rows: Int, columns: Int, offset: Int, storage: Storage) {
        precondition(
            offset >= 0 && (offset + rows * columns) * MemoryLayout<Float>.stride <= storage.byteCount, "storage")
        self.init(rows: rows, columns: columns, stride: columns, offset: offset, storage: storage)
    }

    private init(rows: Int, columns: Int, stride: Int, offset: Int, storage: Storage) {
        self.rows = rows
        self.columns = columns
        self.stride = stride
        self.offset = offset
        self.storage = storage
    }

    /// The rows in `range`, sharing this matrix's storage.
    public func rows(_ range: Range<Int>) -> Matrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        let start = offset + range.lowerBound * stride
        return Matrix(rows: range.count, columns: columns, stride: stride, offset: start, storage: storage)
    }

    /// The columns in `range`, sharing this matrix's storage.
    public func columns(_ range: Range<Int>) -> Matrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of \(columns)")
        let start = offset + range.lowerBound
        return Matrix(rows: rows, columns: range.count, stride: stride, offset: start, storage: storage)
    }

    /// So many rows, the first at `first` and each `step` after the one before, sharing this matrix's storage.
    public func rows(from first: Int, every step: Int, count: Int) -> Matrix {
        precondition(
            first >= 0 && step > 0 && count >= 0 && (count == 0 || first + (count - 1) * step < rows),
            "\(count) rows of \(rows) from \(first) on, \(step) apart")
        return Matrix(
            rows: count, columns: columns, stride: stride * step, offset: offset + first * stride, storage: storage)
    }

    /// Each row cut into rows of `width` columns, sharing this matrix's storage.
    ///
    /// - Precondition: rows follow one another.
    public func cut(into width: Int) -> Matrix {
        precondition(stride == columns && width > 0 && columns % width == 0, "rows \(stride) apart cut into \(width)")
        return Matrix(rows: rows * (columns / width), columns: width, stride: width, offset: offset, storage: storage)
    }

    /// Calls `body` with the elements of one row.
    public func withRow<R, E: Error>(_ row: Int, _ body: (inout MutableSpan<Float>) throws(E) -> R) throws(E) -> R {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        let buffer = UnsafeMutableBufferPointer(start: base + row * stride, count: columns)
        defer { withExtendedLifetime(storage) {} }
        var span = buffer.mutableSpan
        return try body(&span)
    }

    /// The elements of one row, copied.
    public func row(_ row: Int) -> [Float] {
        withRow(row) { span in (0..<span.count).map { span[$0] } }
    }

    /// The sum of the squares of each column.
    package func columnSquares() -> [Float] {
        var sums = [Float](repeating: 0, count: columns)
        for row in 0..<rows {
            withRow(row) { span in for column in sums.indices { sums[column] += span[column] * span[column] } }
        }
        return sums
    }

    /// Copies `values` into one row.
    public func setRow(_ row: Int, _ values: [Float]) {
        precondition(values.count == columns, "\(values.count) values for \(columns) columns")
        withRow(row) { span in for index in values.indices { span[index] = values[index] } }
    }

    /// The elements of a matrix whose rows follow one another; valid while a copy of the matrix lives.
    package var memory: UnsafeRawBufferPointer {
        precondition(stride == columns, "rows \(stride) apart, of \(columns) columns")
        return UnsafeRawBufferPointer(start: base, count: rows * columns * MemoryLayout<Float>.stride)
    }

    /// What keeps the memory alive.
    var owner: any AnyObject & Sendable { storage }

    /// The first element; valid while a copy of the matrix lives.
    var base: UnsafeMutablePointer<Float> { storage.base + offset }
}
