import Foundation
import LLMTensor
import LLMTestSupport
import Testing

@Suite struct ComputeTests {
    private func view(_ values: [Float], _ shape: [Int]) -> TensorView {
        let owner = FloatBox(values)
        return TensorView(shape: shape, dtype: .float32, bytes: owner.bytes, owner: owner)
    }

    private func linear(
        _ x: Matrix, _ weights: PackedWeights, norm: RMSNorm? = nil, bias: [Float]? = nil, on compute: Compute,
        into y: Matrix, _ output: LinearOutput = .store
    ) {
        let input = compute.activations(x, norm: norm, for: weights, in: ActivationScratch())
        compute.linear(input, weights, bias: bias, into: y, output)
    }

    @Test(arguments: LinearFormat.allCases)
    func `A linear op gives the same bits with any number of threads, rows together or alone`(format: LinearFormat) {
        var random = SeededGenerator(seed: 3)
        let (rows, inputs, outputs) = (480, 130, 333)
        let weights = view((0..<inputs * outputs).map { _ in random.float() }, [outputs, inputs])
        let x = Matrix(rows: rows, columns: inputs)
        for row in 0..<rows { x.setRow(row, (0..<inputs).map { _ in random.float() }) }
        var results: [[[Float]]] = []
        for threads in [1, 2, 4] {
            let compute = Compute(threads: threads)
            let packed = PackedWeights(stacking: [weights], as: format, on: compute)
            let together = Matrix(rows: rows, columns: outputs)
            linear(x, packed, on: compute, into: together)
            results.append((0..<rows).map { together.row($0) })
            let alone = Matrix(rows: rows, columns: outputs)
            for row in 0..<rows {
                linear(x.rows(row..<row + 1), packed, on: compute, into: alone.rows(row..<row + 1))
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
        linear(x, PackedWeights(stacking: parts, on: compute), on: compute, into: stacked)
        var first = 0
        for (part, size) in zip(parts, sizes) {
            let single = Matrix(rows: 3, columns: size)
            linear(x, PackedWeights(stacking: [part], on: compute), on: compute, into: single)
            let columns = stacked.columns(first..<first + size)
            for row in 0..<3 { #expect(columns.row(row) == single.row(row)) }
            first += size
        }
    }

    @Test(arguments: [LinearFormat.stored, .bfloat16, .q8_0])
    func `Stacked matrices of different stored types give what each gives alone`(format: LinearFormat) {
        var random = SeededGenerator(seed: 11)
        let compute = Compute(threads: 2)
        let sizes = [40, 7, 65, 32]
        let types = [DType.bfloat16, .float32, .float32, .float16]
        let parts = zip(sizes, types).map { size, dtype in
            TensorView(shape: [size, 24], dtype: dtype, repeating: (0..<size * 24).map { _ in random.float() })
        }
        let outputs = sizes.reduce(0, +)
        let bias = (0..<outputs).map { _ in random.float() }
        let x = Matrix(rows: 9, columns: 24)
        for row in 0..<9 { x.setRow(row, (0..<24).map { _ in random.float() }) }
        let packed = PackedWeights(stacking: parts, as: format, on: compute)
        #expect(packed.outputs == outputs)
        let (stacked, gathered) = (Matrix(rows: 9, columns: outputs), Matrix(rows: outputs, columns: 24))
        linear(x, packed, bias: bias, on: compute, into: stacked)
        linear(x, packed, on: compute, into: stacked, .add)
        compute.gatherRows(packed, (0..<Int32(outputs)).map(\.self), into: gathered)
        var first = 0
        for (part, size) in zip(parts, sizes) {
            let alone = PackedWeights(stacking: [part], as: format, on: compute)
            let (single, rows) = (Matrix(rows: 9, columns: size), Matrix(rows: size, columns: 24))
            linear(x, alone, bias: Array(bias[first..<first + size]), on: compute, into: single)
            linear(x, alone, on: compute, into: single, .add)
            let columns = stacked.columns(first..<first + size)
            for row in 0..<9 { #expect(columns.row(row) == single.row(row)) }
            compute.gatherRows(alone, (0..<Int32(size)).map(\.self), into: rows)
            for row in 0..<size { #expect(gathered.row(first + row) == rows.row(row)) }
            first += size
        }
    }

    @Test func `Gates and ups of different stored types give what they give as float32`() {
        var random = SeededGenerator(seed: 12)
        let compute = Compute(threads: 2)
        let parts = [DType.bfloat16, .float16].map { dtype in
            TensorView(shape: [37, 24], dtype: dtype, repeating: (0..<37 * 24).map { _ in random.float() })
        }
        let x = Matrix(rows: 5, columns: 24)
        for row in 0..<5 { x.setRow(row, (0..<24).map { _ in random.float() }) }
        let results = [parts, parts.map { view($0.floats(), [37, 24]) }].map { parts -> [[Float]] in
            let y = Matrix(rows: 5, columns: 37)
            linear(x, PackedWeights(stacking: parts, .gated, on: compute), on: compute, into: y)
            return (0..<5).map { y.row($0) }
        }
        #expect(results[0] == results[1])
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
            linear(x, packed, bias: bias, on: compute, into: y)
            linear(x, packed, on: compute, into: y, .add)
            return (0..<5).map { y.row($0) }
        }
        for (ours, theirs) in zip(results[0].joined(), results[1].joined()) { #expect(abs(ours - theirs) < 1e-4) }
    }

    @Test(arguments: [GEMM.auto, .openblas], LinearFormat.allCases)
    func `Gated weights give the activation of the first half times the second`(gemm: GEMM, format: LinearFormat) {
        guard gemm == .auto || format == .stored else { return }
        var random = SeededGenerator(seed: 8)
        let (width, inputs) = (37, 64)
        let compute = Compute(threads: 2, gemm: gemm)
        let parts = (0..<2).map { _ in view((0..<width * inputs).map { _ in random.float() }, [width, inputs]) }
        let bias = (0..<2 * width).map { _ in random.float() }
        let x = Matrix(rows: 9, columns: inputs)
        for row in 0..<9 { x.setRow(row, (0..<inputs).map { _ in random.float() }) }
        let (apart, together) = (Matrix(rows: 9, columns: 2 * width), Matrix(rows: 9, columns: width))
        linear(x, PackedWeights(stacking: parts, as: format, on: compute), bias: bias, on: compute, into: apart)
        linear(
            x, PackedWeights(stacking: parts, as: format, .gated, on: compute), bias: bias, on: compute, into: together)
        for row in 0..<9 {
            let (sums, products) = (apart.row(row), together.row(row))
            for column in 0..<width {
                let gate = Double(sums[column])
                let expected = gate / (1 + exp(-gate)) * Double(sums[width + column])
                #expect(abs(Double(products[column]) - expected) <= 1e-5 * max(1, abs(expected)))
            }
        }
    }

    @Test(arguments: [LinearFormat.stored, .q8_0, .q4_0, .w8a8])
    func `A norm on the way gives the bits of a norm before`(format: LinearFormat) {
        var random = SeededGenerator(seed: 9)
        let (rows, inputs, outputs) = (7, 150, 40)
        let compute = Compute(threads: 2)
        let packed = PackedWeights(
            stacking: [view((0..<inputs * outputs).map { _ in random.float() }, [outputs, inputs])], as: format,
            on: compute)
        let norm = RMSNorm(weight: (0..<inputs).map { _ in random.float() }, epsilon: 1e-5)
        let (x, normed) = (Matrix(rows: rows, columns: inputs), Matrix(rows: rows, columns: inputs))
        for row in 0..<rows { x.setRow(row, (0..<inputs).map { _ in random.float() * 3 }) }
        compute.rmsNorm(x, norm, into: normed)
        let (fused, apart) = (Matrix(rows: rows, columns: outputs), Matrix(rows: rows, columns: outputs))
        linear(x, packed, norm: norm, on: compute, into: fused)
        linear(normed, packed, on: compute, into: apart)
        for row in 0..<rows { #expect(fused.row(row) == apart.row(row)) }
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
