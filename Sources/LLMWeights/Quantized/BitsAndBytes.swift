import LLMJSON
import LLMTensor

/// The formats of the library bitsandbytes: NF4 and FP4 (Dettmers et al. 2023), and the integers of LLM.int8() (2022).
///
/// - 4 bits: `weight`, two codes a byte, the first in the upper half; `weight.quant_map`, the 16 values; `weight.absmax`,
///   a scale for each block of consecutive weights, row after row; `weight.quant_state.bitsandbytes__nf4`, JSON with the
///   shape. Where scales are quantized too, `weight.absmax` has codes of `weight.nested_quant_map`, with scales
///   `weight.nested_absmax` and an offset in the JSON.
/// - 8 bits: `weight` I8 and `SCB` `[outputs]`, the largest magnitude of each row.
struct BitsAndBytes: QuantizationScheme {
    private static let state = "weight.quant_state.bitsandbytes__"
    private let is4Bit: Bool
    private let isNested: Bool
    private let type: String

    init(_ config: QuantizationConfig) throws(WeightsError) {
        let fields = config.fields
        is4Bit = try fields.flag("load_in_4bit", default: false)
        let is8Bit = try fields.flag("load_in_8bit", default: false)
        guard is4Bit || is8Bit else {
            throw fields.unsupported("load_in_4bit", "true, or load_in_8bit,")
        }
        isNested = try fields.flag("bnb_4bit_use_double_quant", default: false)
        type = try fields.require("bnb_4bit_quant_type", oneOf: ["nf4", "fp4"], default: "fp4")
    }

    var quantization: Quantization {
        Quantization(
            method: "bitsandbytes", bits: [is4Bit ? 4 : 8],
            details: is4Bit ? type + (isNested ? ", scales quantized" : "") : "int8")
    }

    let markers = [BitsAndBytes.state + "nf4", BitsAndBytes.state + "fp4", "SCB"]

    func weight(_ layer: TensorParts, marker: String) throws(WeightsError) -> QuantizedTensor? {
        guard marker == "SCB" else { return try Blocks(layer, marker: marker).tensor(layer, marker: marker) }
        let (rows, columns) = try layer.matrix("weight", [.i8])
        var weights = IntegerWeights(
            rows: rows, columns: columns, codes: .init(part: "weight", layout: .signedBytes), scales: marker,
            groupSize: columns)
        weights.scaleFactor = 1 / 127
        try weights.check(layer, scaleShapes: [[rows]])
        if layer.has("weight_format") {
            let bytes = try layer.info("weight_format", [.u8]).elementCount == 1 ? layer.bytes("weight_format") : [1]
            guard bytes == [0] else { throw layer.invalid("weight_format", "\(bytes)", "0, rows in order,") }
        }
        return QuantizedTensor(
            layer, shape: [rows, columns], storedAs: "int8", dtype: weights.expectedType(isSymmetric: true),
            parts: ["weight", marker, "weight_format"], read: weights.read)
    }
}

/// A tensor of 4 bits.
private struct Blocks: Sendable {
    /// The JSON of a tensor is short.
    private static let stateLimit = 1 << 16

    private let rows: Int
    private let columns: Int
    private let blockSize: Int
    private let dtype: DType
    /// Codes of a scale that share one, and what is added to every scale; nil where scales are as they are.
    private let nested: (blockSize: Int, offset: Float)?

    private var blockCount: Int { (rows * columns - 1) / blockSize + 1 }

    init(_ layer: TensorParts, marker: String) throws(WeightsError) {
        let fields = try Blocks.state(layer, marker)
        guard let shape = try fields.optional("shape", .integers(in: 1...TensorParts.sizeLimit)), shape.count == 2
        else {
            throw fields.invalid("shape", "two sizes")
        }
        (rows, columns) = (shape[0], shape[1])
        blockSize = try fields.require("blocksize", oneOf: [32, 64, 128, 256, 512, 1024, 2048, 4096])
        let types: [String: DType] = ["bfloat16": .bfloat16, "float16": .float16, "float32": .float32]
        dtype = types[try fields.require("dtype", oneOf: types.keys.sorted(), default: "float16")] ?? .float16
        nested =
            layer.has("weight.nested_absmax")
            ? (
                try fields.integer("nested_blocksize", in: 1...1 << 20),
                Float(try fields.number("nested_offset", in: -1e30...1e30))
            ) : nil
        try checkParts(layer)
    }

    private static func state(_ layer: TensorParts, _ marker: String) throws(WeightsError) -> QuantizationFields {
        let count = try layer.info(marker, [.u8]).byteCount
        guard count <= stateLimit else { throw layer.invalid(marker, "\(count) bytes", "at most \(stateLimit)") }
        let bytes = try layer.bytes(marker)
        do throws(JSONError) {
            return QuantizationFields(
                try JSONValue(bytes, takesPythonNumbers: true), at: layer.name(marker), of: layer.path)
        } catch {
            throw layer.invalid(marker, error.message, "JSON")
        }
    }

    private func checkParts(_ layer: TensorParts) throws(WeightsError) {
        let weight = try layer.info("weight", [.u8, .f16, .bf16, .f32])
        let bytes = (rows * columns - 1) / 2 + 1
        guard weight.byteCount == bytes, blockCount <= TensorParts.sizeLimit else {
            throw layer.invalid("weight", "\(weight.byteCount) bytes", "\(bytes) for [\(rows), \(columns)]")
        }
        try layer.check("weight.quant_map", [.f32], [16])
        guard let nested else { return try layer.check("weight.absmax", [.f32], [blockCount]) }
        try layer.check("weight.absmax", [.u8], [blockCount])
        try layer.check("weight.nested_absmax", [.f32], [(blockCount - 1) / nested.blockSize + 1])
        try layer.check("weight.nested_quant_map", [.f32], [256])
    }

    func tensor(_ layer: TensorParts, marker: String) -> QuantizedTensor {
        QuantizedTensor(
            layer, shape: [rows, columns], storedAs: String(marker.suffix(3)), dtype: dtype,
            parts: [
                "weight", "weight.absmax", "weight.quant_map", "weight.nested_absmax", "weight.nested_quant_map",
                marker,
            ], read: read)
    }

    private func read(_ layer: TensorParts) throws(WeightsError) -> TensorView {
        var layout = PackedCodes.Layout(bits: 4)
        (layout.wordByteCount, layout.order) = (1, [1, 0])
        // Where rows are no whole blocks, all weights are taken for one row.
        let isWhole = columns % blockSize == 0
        let (rowCount, columnCount) = isWhole ? (rows, columns) : (1, rows * columns)
        let codes = PackedCodes(try layer.bytes("weight"), layout, rows: rowCount, columns: columnCount)
        let groups = (0..<columnCount).map { UInt32($0 / blockSize) }
        return CodedMatrix(
            codes, scales: try scales(layer), groups: groups, values: try layer.floats("weight.quant_map")
        ).stored(as: dtype, shape: [rows, columns])
    }

    private func scales(_ layer: TensorParts) throws(WeightsError) -> [Float] {
        guard let nested else { return try layer.floats("weight.absmax") }
        let codes = try layer.bytes("weight.absmax")
        let (values, factors) = (
            try layer.floats("weight.nested_quant_map"), try layer.floats("weight.nested_absmax")
        )
        return codes.indices.map { values[Int(codes[$0])] * factors[$0 / nested.blockSize] + nested.offset }
    }
}
