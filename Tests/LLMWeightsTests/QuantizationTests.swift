import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

/// Packed weights against the values of the gguf package; see make_quantized.py.
@Suite struct QuantizationTests {
    static let file = Paths.fixtures.appending(path: "weights/quantized.safetensors")

    @Test(arguments: [LinearFormat.q8_0, .q4_0], CPUFeatures.allCases)
    func `Quantized weights have exactly the values of the gguf package`(
        format: LinearFormat, features: CPUFeatures
    ) throws {
        guard features.isAvailable else { return }
        let tensors = try SafetensorsFile(path: Self.file.path)
        let weights = try tensors.tensor(named: "weights")
        let expected = try tensors.tensor(named: "\(format)").floats()
        let compute = Compute(features: features, threads: 2)
        #expect(values(of: PackedWeights(stacking: [weights], as: format, on: compute), compute) == expected)
    }

    @Test(arguments: [DType.float16, .bfloat16])
    func `Weights of 16 bits are quantized as what they widen to`(dtype: DType) throws {
        let values = try SafetensorsFile(path: Self.file.path).tensor(named: "weights").floats()
        let compute = Compute(threads: 2)
        let narrow = TensorView(shape: [40, 96], dtype: dtype, repeating: values)
        let wide = TensorView(shape: [40, 96], dtype: .float32, repeating: narrow.floats())
        for format in [LinearFormat.q8_0, .q4_0, .w8a8] {
            let packed = [narrow, wide].map { PackedWeights(stacking: [$0], as: format, on: compute) }
            #expect(self.values(of: packed[0], compute) == self.values(of: packed[1], compute))
        }
    }

    @Test func `A row of w8a8 has the scale of its largest weight`() throws {
        let weights = try SafetensorsFile(path: Self.file.path).tensor(named: "weights")
        let compute = Compute(threads: 2)
        let packed = values(of: PackedWeights(stacking: [weights], as: .w8a8, on: compute), compute)
        for (row, values) in stride(from: 0, to: packed.count, by: 96).map({ weights.floats()[$0..<$0 + 96] })
            .enumerated()
        {
            let scale = (values.map(abs).max() ?? 0) / 127
            for (column, value) in values.enumerated() {
                let expected = scale == 0 ? 0 : (value * (1 / scale)).rounded(.toNearestOrAwayFromZero) * scale
                #expect(packed[row * 96 + column] == expected, "row \(row), column \(column)")
            }
        }
    }

    private func values(of packed: PackedWeights, _ compute: Compute) -> [Float] {
        let rows = Matrix(rows: packed.outputs, columns: packed.inputs)
        compute.gatherRows(packed, (0..<Int32(packed.outputs)).map(\.self), into: rows)
        return (0..<rows.rows).flatMap { rows.row($0) }
    }
}
