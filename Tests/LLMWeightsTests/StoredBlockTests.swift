import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

/// Stored types against the values of the gguf package; see make_blocks.py.
@Suite struct StoredBlockTests {
    private static let folder = Paths.fixtures.appending(path: "weights")

    private struct Stored: Sendable {
        let views: [TensorView]
        let values: [[Float]]
    }

    private func stored() throws -> Stored {
        let file = try GGUFFile(path: Self.folder.appending(path: "blocks.gguf").path)
        let expected = try SafetensorsFile(path: Self.folder.appending(path: "blocks.safetensors").path)
        return Stored(
            views: try file.names.map { name in try file.tensor(named: name) },
            values: try file.names.map { name in try expected.tensor(named: name).floats() })
    }

    @Test func `Every stored type of ggml is in the fixture`() throws {
        #expect(try stored().views.map(\.dtype) == DType.ggmlCases)
    }

    @Test func `No name of ggml means a type that is not of ggml`() {
        #expect(DType.allCases.filter { DType(ggmlName: $0.description) == nil } == [.int8, .int4])
    }

    @Test func `A stored type has exactly the values of the gguf package`() throws {
        let stored = try stored()
        for (view, values) in zip(stored.views, stored.values) { #expect(view.floats() == values, "\(view.dtype)") }
    }

    @Test(arguments: CPUFeatures.allCases)
    func `Weights are packed as they are stored, without loss`(features: CPUFeatures) throws {
        guard features.isAvailable else { return }
        let stored = try stored()
        let compute = Compute(features: features, threads: 2)
        for (view, values) in zip(stored.views, stored.values) {
            #expect(gathered(PackedWeights(stacking: [view], on: compute), compute) == values, "\(view.dtype)")
        }
        let all = PackedWeights(stacking: stored.views, on: compute)
        #expect(gathered(all, compute) == stored.values.flatMap(\.self))
    }

    @Test(arguments: [LinearFormat.bfloat16, .q8_0, .q4_0, .w8a8])
    func `Weights that are rounded get the values that float32 ones get`(format: LinearFormat) throws {
        let stored = try stored()
        let compute = Compute(threads: 2)
        for (view, values) in zip(stored.views, stored.values) where !isKept(view.dtype, in: format) {
            let wide = TensorView(shape: view.shape, dtype: .float32, repeating: values)
            let packed = [view, wide].map { PackedWeights(stacking: [$0], as: format, on: compute) }
            #expect(gathered(packed[0], compute) == gathered(packed[1], compute), "\(view.dtype)")
        }
    }

    /// Integers that the format leaves as they are.
    private func isKept(_ dtype: DType, in format: LinearFormat) -> Bool {
        let name = "\(dtype)"
        return switch format {
        case .bfloat16: name.hasPrefix("Q") || ["IQ4_NL", "IQ4_XS", "MXFP4"].contains(name)
        case .q8_0: ["Q8_0", "Q4_0", "Q5_0", "IQ4_NL"].contains(name)
        case .q4_0: name == "Q4_0"
        default: false
        }
    }

    @Test func `Integers of fewer bits keep their values in wider panels`() throws {
        let stored = try stored()
        let compute = Compute(threads: 2)
        for (view, values) in zip(stored.views, stored.values) where isKept(view.dtype, in: .q8_0) {
            #expect(gathered(PackedWeights(stacking: [view], as: .q8_0, on: compute), compute) == values)
        }
    }

    @Test(arguments: [1, 7])
    func `A layer of several stored types gives what each gives alone, bit for bit`(rows: Int) throws {
        let views = try stored().views
        let compute = Compute(threads: 2)
        let x = random(rows, 256)
        let norm = RMSNorm(weight: (0..<256).map { Float($0) / 256 }, epsilon: 1e-5)
        for norm in [nil, norm] {
            let together = outputs(x, norm, PackedWeights(stacking: views, on: compute), compute)
            let alone = views.map { outputs(x, norm, PackedWeights(stacking: [$0], on: compute), compute) }
            for row in 0..<rows { #expect(together[row] == alone.flatMap { $0[row] }) }
        }
    }

    @Test func `Gates and ups of different integers meet in the wider panels, without loss`() throws {
        let views = try stored().views.filter { isKept($0.dtype, in: .q8_0) }
        let compute = Compute(threads: 2)
        let x = random(5, 256)
        for pair in [views, views.reversed()].map({ Array($0.prefix(2)) }) {
            let mixed = outputs(x, nil, PackedWeights(stacking: pair, .gated, on: compute), compute)
            let wide = outputs(x, nil, PackedWeights(stacking: pair, as: .q8_0, .gated, on: compute), compute)
            #expect(mixed == wide)
        }
    }

    private func random(_ rows: Int, _ columns: Int) -> Matrix {
        var random = SeededGenerator(seed: 5)
        let x = Matrix(rows: rows, columns: columns)
        for row in 0..<rows { x.setRow(row, (0..<columns).map { _ in random.float() }) }
        return x
    }

    private func outputs(
        _ x: Matrix, _ norm: RMSNorm?, _ weights: PackedWeights, _ compute: Compute
    ) -> [[Float]] {
        let y = Matrix(rows: x.rows, columns: weights.outputColumns)
        compute.linear(
            compute.activations(x, norm: norm, for: weights, in: ActivationScratch()), weights, into: y)
        return (0..<y.rows).map { y.row($0) }
    }

    private func gathered(_ packed: PackedWeights, _ compute: Compute) -> [Float] {
        let rows = Matrix(rows: packed.outputs, columns: packed.inputs)
        compute.gatherRows(packed, (0..<Int32(packed.outputs)).map(\.self), into: rows)
        return (0..<rows.rows).flatMap { rows.row($0) }
    }
}
