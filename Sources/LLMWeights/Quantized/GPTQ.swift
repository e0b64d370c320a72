import LLMTensor

/// GPTQ (Frantar et al. 2022), as AutoGPTQ and GPTQModel write it.
///
/// `qweight` I32 `[inputs / n, outputs]`, n consecutive inputs in a word; `qzeros` I32 `[groups, outputs / n]`; `scales`
/// `[groups, outputs]`; `g_idx` I32 `[inputs]`, the group of each input. The format `gptq` has zeros less one.
struct GPTQ: QuantizationScheme {
    private let bits: Int
    private let groupSize: Int
    private let isSymmetric: Bool
    private let ordersByActivation: Bool
    private let zerosAreLessOne: Bool

    init(_ config: QuantizationConfig) throws(WeightsError) {
        let fields = config.fields
        bits = try fields.require("bits", oneOf: [4, 8])
        groupSize = try fields.groupSize()
        isSymmetric = try fields.flag("sym", default: false)
        ordersByActivation = try fields.flag("desc_act", default: false)
        let format = try fields.require("checkpoint_format", oneOf: ["gptq", "gptq_v2"], default: "gptq")
        zerosAreLessOne = format == "gptq"
        _ = try fields.require("pack_dtype", oneOf: ["int32"], default: "int32")
        if try fields.flag("is_marlin_format", default: false) { throw fields.unsupported("is_marlin_format", "false") }
        if let dynamic = try fields.object("dynamic"), !dynamic.isEmpty {
            throw fields.unsupported("dynamic", "one number of bits for all layers")
        }
    }

    var quantization: Quantization {
        let zeros = isSymmetric ? "" : ", with zeros"
        let order = ordersByActivation ? ", ordered by activation" : ""
        return Quantization(method: "gptq", bits: [bits], details: "\(groupText(groupSize))\(zeros)\(order)")
    }

    let markers = ["qweight"]

    func weight(_ layer: TensorParts, marker: String) throws(WeightsError) -> QuantizedTensor? {
        let inWord = 32 / bits
        let stored = try layer.matrix(marker, [.i32])
        let (rows, columns) = (stored.columns, stored.rows * inWord)
        var (codes, zeros) = (PackedCodes.Layout(bits: bits), PackedCodes.Layout(bits: bits))
        (codes.isColumnMajor, zeros.isColumnMajor, zeros.runsDown) = (true, true, true)
        let weights = IntegerWeights(
            rows: rows, columns: columns, codes: .init(part: marker, layout: codes), scales: "scales",
            scalesAreTransposed: true,
            zeros: .init(part: "qzeros", layout: zeros, added: zerosAreLessOne ? 1 : 0),
            groupSize: groupSize == -1 ? columns : groupSize, groupIndex: layer.has("g_idx") ? "g_idx" : nil)
        if ordersByActivation { _ = try layer.info("g_idx", [.i32, .i64]) }
        try weights.check(layer, scaleShapes: [[weights.groupCount, rows]])
        try layer.check("qzeros", [.i32], [weights.groupCount, (rows - 1) / inWord + 1])
        return QuantizedTensor(
            layer, shape: [rows, columns], storedAs: "gptq \(bits)-bit",
            dtype: ordersByActivation ? .float32 : weights.expectedType(isSymmetric: isSymmetric),
            parts: [marker, "qzeros", "scales", "g_idx"], read: weights.read)
    }
}

/// Groups in words.
func groupText(_ size: Int) -> String { size == -1 ? "a scale a row" : "groups of \(size)" }
