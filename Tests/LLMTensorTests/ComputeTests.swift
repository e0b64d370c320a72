import LLMTensor
import LLMTestSupport
import Testing

@Suite struct ComputeTests {
    private func view(_ values: [Float], _ shape: [Int]) -> TensorView {
        let owner = FloatBox(values)
        return TensorView(shape: shape, dtype: .float32, bytes: owner.bytes, owner: owner)
    }

    @Test func `A linear op gives the same bits with any number of threads, rows together or alone`() {
        var random = SeededGenerator(seed: 3)
        let (rows, inputs, outputs) = (37, 130, 333)
        let weights = view((0..<inputs * outputs).map { _ in random.float() }, [outputs, inputs])
        let x = Matrix(rows: rows, columns: inputs)
        for row in 0..<rows { x.setRow(row, (0..<inputs).map { _ in random.float() }) }
        var results: [[[Float]]] = []
        for threads in [1, 2, 4] {
            let compute = Compute(threads: threads)
            let packed = PackedWeights(stacking: [weights], on: compute)
            let together = Matrix(rows: rows, columns: outputs)
            compute.linear(x, packed, into: together)
            results.append((0..<rows).map { together.row($0) })
            let alone = Matrix(rows: rows, columns: outputs)
            for row in 0..<rows {
                compute.linear(x.rows(row..<row + 1), packed, into: alone.rows(row..<row + 1))
            }
            results.append((0..<rows).map { alone.row($0) })
        }
        for result in results { #expect(result == results[0]) }
    }

    @Test func `Stacked matrices give each its own columns`() {
        var random = SeededGenerator(seed: 4)
        let compute = Compute(threads: 2)
        let sizes = [40, 7, 65]
        let parts = sizes.map { size in view((0..<size * 24).map { _ in random.float() }, [size, 24]) }
        let x = Matrix(rows: 3, columns: 24)
        for row in 0..<3 { x.setRow(row, (0..<24).map { _ in random.float() }) }
        let stacked = Matrix(rows: 3, columns: sizes.reduce(0, +))
        compute.linear(x, PackedWeights(stacking: parts, on: compute), into: stacked)
        var first = 0
        for (part, size) in zip(parts, sizes) {
            let single = Matrix(rows: 3, columns: size)
            compute.linear(x, PackedWeights(stacking: [part], on: compute), into: single)
            let columns = stacked.columns(first..<first + size)
            for row in 0..<3 { #expect(columns.row(row) == single.row(row)) }
            first += size
        }
    }

    @Test func `OpenBLAS gives the same products within rounding`() {
        var random = SeededGenerator(seed: 6)
        let weights = view((0..<50 * 64).map { _ in random.float() }, [50, 64])
        let bias = (0..<50).map { _ in random.float() }
        let x = Matrix(rows: 5, columns: 64)
        for row in 0..<5 { x.setRow(row, (0..<64).map { _ in random.float() }) }
        let results = [GEMM.auto, .openblas].map { gemm -> [[Float]] in
            let compute = Compute(threads: 2, gemm: gemm)
            let packed = PackedWeights(stacking: [weights], on: compute)
            let y = Matrix(rows: 5, columns: 50)
            compute.linear(x, packed, bias: bias, into: y)
            compute.linear(x, packed, into: y, accumulate: true)
            return (0..<5).map { y.row($0) }
        }
        for (ours, theirs) in zip(results[0].joined(), results[1].joined()) { #expect(abs(ours - theirs) < 1e-4) }
    }

    @Test func `Gathered rows are the weights themselves`() {
        var random = SeededGenerator(seed: 7)
        let values = (0..<70 * 33).map { _ in random.float() }
        let compute = Compute(threads: 2)
        let packed = PackedWeights(stacking: [view(values, [70, 33])], on: compute)
        let y = Matrix(rows: 3, columns: 33)
        compute.gatherRows(packed, [69, 0, 31], into: y)
        for (row, id) in [69, 0, 31].enumerated() { #expect(y.row(row) == Array(values[id * 33..<(id + 1) * 33])) }
    }

    @Test func `A level that this CPU has includes the plain one, and the best is available`() {
        #expect(CPUFeatures.scalar.isAvailable)
        #expect(CPUFeatures.best.isAvailable)
    }
}

/// Floats at a fixed address, to be viewed.
private final class FloatBox: @unchecked Sendable {
    private let buffer: UnsafeMutableBufferPointer<Float>
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(buffer) }

    init(_ values: [Float]) {
        buffer = .allocate(capacity: values.count)
        _ = buffer.initialize(from: values)
    }

    deinit { buffer.deallocate() }
}
