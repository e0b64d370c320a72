import LLMTensor
import LLMTestSupport
import Testing

@Suite struct TensorEncoderTests {
    static let values = (0..<64 * 300).map { (index: Int) -> Float in Float(index * 7919 % 2003 - 1001) / 500 }
    static let view = TensorView(shape: [300, 64], dtype: .float32, repeating: values)

    private func bytes(_ dtype: DType, threads: Int, piece: Int) -> ([UInt8], Double) {
        let encoder = TensorEncoder(Self.view, as: dtype, on: Compute(threads: threads))
        var (bytes, error) = ([UInt8](), TensorEncoder.Error())
        for start in stride(from: 0, to: 300, by: piece) {
            let part = encoder.encode(start..<min(start + piece, 300))
            bytes += part.bytes
            error += part.error
        }
        return (bytes, error.relative)
    }

    @Test(arguments: TensorEncoder.types.filter { $0.blockElements <= 64 })
    func `Bytes do not depend on threads and pieces, and the error is small`(dtype: DType) {
        let (whole, error) = bytes(dtype, threads: 1, piece: 300)
        #expect(bytes(dtype, threads: 3, piece: 7).0 == whole)
        #expect(whole.count == dtype.byteCount(ofShape: [300, 64]))
        #expect(error < (dtype == .float32 ? 1e-12 : dtype.blockElements == 1 ? 3e-3 : 0.2))
    }

    @Test func `A type that is the tensor's own is copied, in the order that is asked for`() {
        var options = TensorEncoder.Options()
        options.source = { 299 - $0 }
        let encoder = TensorEncoder(Self.view, as: .float32, options, on: Compute(threads: 2))
        let wanted = Self.view.rows(299..<300).floats() + Self.view.rows(298..<299).floats()
        #expect(encoder.encode(0..<2).bytes == wanted.withUnsafeBytes { Array($0) })
    }

    // MARK: Rounding weight after weight

    private static let compute = Compute(threads: 2)
    private static let weights: [Float] = {
        var generator = SeededGenerator(seed: 5)
        return (0..<96 * 320).map { _ in
            (0..<4).reduce(0) { sum, _ in sum + Float.random(in: -1...1, using: &generator) }
        }
    }()

    /// Rows whose columns go together: each is its neighbour's and something of its own.
    private static func inputs(rows: Int, columns: Int) -> Matrix {
        var generator = SeededGenerator(seed: 6)
        let x = Matrix(rows: rows, columns: columns)
        for row in 0..<rows {
            var last: Float = 0
            x.setRow(
                row,
                (0..<columns).map { _ in
                    last = 0.9 * last + Float.random(in: -1...1, using: &generator)
                    return last
                })
        }
        return x
    }

    private func factor(_ x: Matrix) throws -> RoundingFactor {
        let gram = GramMatrix(columns: x.columns)
        for start in stride(from: 0, to: x.rows, by: 100) {
            gram.add(x.rows(start..<min(start + 100, x.rows)), on: Self.compute)
        }
        return try #require(gram.factored(on: Self.compute))
    }

    private func encoded(_ weights: [Float], columns: Int, as dtype: DType, _ factor: RoundingFactor?) -> [Float] {
        let shape = [weights.count / columns, columns]
        var options = TensorEncoder.Options()
        options.factor = factor
        let view = TensorView(shape: shape, dtype: .float32, repeating: weights)
        let bytes = TensorEncoder(view, as: dtype, options, on: Self.compute).encode(0..<shape[0]).bytes
        return bytes.withUnsafeBytes { TensorView(shape: shape, dtype: dtype, repeatingBytes: $0) }.floats()
    }

    @Test(arguments: [DType.q4_0, .q8_0, DType(ggmlName: "IQ4_NL")!], [64, 320])
    func `Outputs are off less where errors are made up for`(dtype: DType, columns: Int) throws {
        let weights = Array(Self.weights.prefix(96 * columns))
        let x = Self.inputs(rows: 700, columns: columns)
        func outputError(_ other: [Float]) -> Double {
            var sum = 0.0
            for row in 0..<x.rows {
                let inputs = x.row(row)
                for output in 0..<96 {
                    let difference = (0..<columns).reduce(0.0) {
                        let at = output * columns + $1
                        return $0 + Double(inputs[$1]) * Double(weights[at] - other[at])
                    }
                    sum += difference * difference
                }
            }
            return sum
        }
        let plain = outputError(encoded(weights, columns: columns, as: dtype, nil))
        let compensated = outputError(encoded(weights, columns: columns, as: dtype, try factor(x)))
        #expect(compensated < 0.5 * plain, "\(compensated) of \(plain)")
    }

    @Test func `Inputs that never come together have nothing to make up for`() throws {
        let x = Matrix(rows: 64, columns: 64)
        for row in 0..<64 { x.setRow(row, (0..<64).map { $0 == row ? Float(row + 1) : 0 }) }
        let weights = Array(Self.weights.prefix(64 * 32))
        #expect(
            encoded(weights, columns: 64, as: .q4_0, try factor(x)) == encoded(weights, columns: 64, as: .q4_0, nil))
    }

    @Test func `A weight that is no number harms its block alone, and rows without a number have no factor`() throws {
        var weights = Array(Self.weights.prefix(64 * 8))
        weights[70] = .nan
        let values = encoded(weights, columns: 64, as: .q4_0, try factor(Self.inputs(rows: 200, columns: 64)))
        #expect(values.indices.filter { values[$0].isNaN } == Array(64..<96))
        let gram = GramMatrix(columns: 2)
        let x = Matrix(rows: 1, columns: 2)
        x.setRow(0, [1, .infinity])
        gram.add(x, on: Self.compute)
        #expect(gram.factored(on: Self.compute) == nil)
    }

    @Test func `Columns and rows are scaled before they are encoded`() {
        var options = TensorEncoder.Options()
        options.columnScales = (0..<64).map { Float($0 + 1) }
        options.rowScales = (0..<300).map { 1 / Float($0 + 1) }
        let encoder = TensorEncoder(Self.view, as: .float16, options, on: Self.compute)
        let bytes = encoder.encode(7..<8).bytes
        let values = bytes.withUnsafeBytes { TensorView(shape: [1, 64], dtype: .float16, repeatingBytes: $0) }.floats()
        let wanted = (0..<64).map { (column: Int) -> Float in Self.values[7 * 64 + column] * Float(column + 1) / 8 }
        #expect(zip(values, wanted).allSatisfy { abs($0 - $1) <= abs($1) * 1e-3 })
        // Told in the columns' own sizes, row by row's.
        let differences = encoder.differences(7..<8).row(0)
        for (column, difference) in differences.enumerated() {
            let error: Float = (values[column] - wanted[column]) / Float(column + 1)
            #expect(abs(difference - error) < 1e-5)
        }
    }
}
