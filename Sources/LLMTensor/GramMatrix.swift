import COpenBLAS

/// The sum of products of a matrix's columns over many rows, `[columns, columns]`, as it grows: what the rounding of the
/// weights that read such rows is measured by.
package final class GramMatrix {
    /// Columns of the rows.
    package let columns: Int
    private let storage: Storage
    private var rows = 0

    /// Bytes that one of so many columns takes.
    package static func byteCount(columns: Int) -> Int { columns * columns * MemoryLayout<Float>.stride }

    /// Of no rows.
    package init(columns: Int) {
        self.columns = columns
        storage = Storage(count: columns * columns)
    }

    /// Adds the products of some rows, on the pool's threads.
    package func add(_ x: Matrix, on compute: Compute) {
        precondition(x.columns == columns, "\(x.columns) columns to \(columns)")
        openblas_set_num_threads(Int32(compute.pool.threads))
        cblas_ssyrk(
            CblasRowMajor, CblasUpper, CblasTrans, Int32(columns), Int32(x.rows), 1, x.base, Int32(x.stride), 1,
            storage.base, Int32(columns))
        rows += x.rows
    }

    /// The mean over the rows of the squared products with some weights, `[weights, columns]`, all of them together: what
    /// outputs are off, if these are what the weights are off.
    package func outputSquares(_ weights: Matrix, on compute: Compute) -> Double {
        precondition(weights.columns == columns, "\(weights.columns) columns to \(columns)")
        openblas_set_num_threads(Int32(compute.pool.threads))
        let products = Matrix(rows: weights.rows, columns: columns)
        cblas_ssymm(
            CblasRowMajor, CblasRight, CblasUpper, Int32(weights.rows), Int32(columns), 1, storage.base,
            Int32(columns), weights.base, Int32(weights.stride), 0, products.base, Int32(products.stride))
        var sum = 0.0
        for row in 0..<weights.rows {
            let (one, other) = (weights.base + row * weights.stride, products.base + row * products.stride)
            for column in 0..<columns { sum += Double(one[column]) * Double(other[column]) }
        }
        return sum / Double(max(rows, 1))
    }

    /// Takes the matrix's place: the upper triangle U, row by row, of which UᵀU is the inverse of the mean.
    ///
    /// A part of the mean of the diagonal is added to it before, a hundredth, and ten times as much as long as the inverse
    /// cannot be found. nil where it never can: rows that are not finite. The matrix must not be used again.
    package consuming func factored(on compute: Compute) -> RoundingFactor? {
        openblas_set_num_threads(Int32(compute.pool.threads))
        let (n, base) = (columns, storage.base)
        let scale = 1 / Float(max(rows, 1))
        var diagonal = [Float](repeating: 0, count: n)
        for row in 0..<n {
            diagonal[row] = base[row * n + row] * scale
            // A second copy under the diagonal, for another attempt.
            for column in row..<n {
                base[row * n + column] *= scale
                base[column * n + row] = base[row * n + column]
            }
        }
        let mean = diagonal.reduce(0, +) / Float(max(n, 1))
        guard mean.isFinite else { return nil }
        for damping in [Float(0.01), 0.1, 1] {
            for row in 0..<n {
                for column in row + 1..<max(n, row + 1) { base[row * n + column] = base[column * n + row] }
                base[row * n + row] = diagonal[row] + (mean > 0 ? mean * damping : 1)
            }
            if invert(n, base) { return RoundingFactor(columns: n, storage) }
        }
        return nil
    }

    /// LAPACK's columns are our rows, so that its lower triangle is our upper one.
    private func invert(_ n: Int, _ base: UnsafeMutablePointer<Float>) -> Bool {
        var (size, info) = (Int32(n), Int32(0))
        for step in [spotrf_, spotri_, spotrf_] {
            step("L", &size, base, &size, &info)
            guard info == 0 else { return false }
        }
        return (0..<n).allSatisfy { base[$0 * n + $0].isFinite && base[$0 * n + $0] > 0 }
    }
}

/// What the error of each weight costs, and how the weights behind it make up for it (`llm_round_args`).
package final class RoundingFactor: Sendable {
    /// Inputs of the weights.
    package let columns: Int
    private let storage: Storage

    fileprivate init(columns: Int, _ storage: Storage) {
        self.columns = columns
        self.storage = storage
    }

    /// Rows of the upper triangle, `[columns, columns]`; valid while the factor lives.
    var base: UnsafePointer<Float> { UnsafePointer(storage.base) }
}
