import LLMTensor

/// AWQ (Lin et al. 2023) in the layout `gemm`.
///
/// `qweight` I32 `[inputs, outputs / 8]`, `qzeros` I32 `[groups, outputs / 8]`, `scales` `[groups, outputs]`. The eight
/// outputs of a word are not in order: from its low end they are 0, 2, 4, 6, 1, 3, 5, 7.
struct AWQ: QuantizationScheme {
    private let groupSize: Int

    init(_ config: QuantizationConfig) throws(WeightsError) {
        let fields = config.fields
        _ = try fields.require("bits", oneOf: [4])
        groupSize = try fields.groupSize()
        _ = try fields.require(fields.has("version") ? "version" : "format", oneOf: ["gemm", "GEMM"], default: "gemm")
    }

    var quantization: Quantization {
        Quantization(method: "awq", bits: [4], details: "\(groupText(groupSize)), with zeros")
    }

    let markers = ["qweight"]

    /// Where the outputs of a word are, counted from its low end.
    private static let order: [UInt8] = [0, 4, 1, 5, 2, 6, 3, 7]

    func weight(_ layer: TensorParts, marker: String) throws(WeightsError) -> QuantizedTensor? {
        let stored = try layer.matrix(marker, [.i32])
        let (rows, columns) = (stored.columns * 8, stored.rows)
        var layout = PackedCodes.Layout(bits: 4)
        (layout.runsDown, layout.isColumnMajor, layout.order) = (true, true, AWQ.order)
        let weights = IntegerWeights(
            rows: rows, columns: columns, codes: .init(part: marker, layout: layout), scales: "scales",
            scalesAreTransposed: true, zeros: .init(part: "qzeros", layout: layout),
            groupSize: groupSize == -1 ? columns : groupSize)
        try weights.check(layer, scaleShapes: [[weights.groupCount, rows]])
        try layer.check("qzeros", [.i32], [weights.groupCount, stored.columns])
        return QuantizedTensor(
            layer, shape: [rows, columns], storedAs: "awq 4-bit", dtype: weights.expectedType(isSymmetric: false),
            parts: [marker, "qzeros", "scales"], read: weights.read)
    }
}
