import LLMTensor

/// The formats of the library compressed-tensors: integers of 8 bits, integers packed in words, and FP8.
///
/// - `int-quantized`: `weight` I8 `[outputs, inputs]`, `weight_scale`, and where there are zeros `weight_zero_point` I8.
/// - `pack-quantized`: `weight_packed` I32 `[outputs, inputs / n]`, n consecutive inputs in a word, `weight_shape`,
///   `weight_scale` `[outputs, groups]`, and maybe `weight_zero_point` I32 `[outputs / n, groups]` and `weight_g_idx`.
/// - `float-quantized`: `weight` F8_E4M3, `weight_scale` one, one a row or one a block.
///
/// Which layers are quantized is told by the tensors that are there, so `targets` and `ignore` need no reading.
struct CompressedTensors: QuantizationScheme {
    /// How some layers are quantized: a member of `config_groups`.
    private struct Group {
        let format: String
        let bits: Int
        let isSymmetric: Bool
        /// Columns that share a scale; nil for all.
        var groupSize: Int?
        /// Rows and columns of a block.
        var blockSize: [Int]?
    }

    private static let formats = ["int-quantized", "pack-quantized", "float-quantized"]
    private static let bits = ["int-quantized": [8], "pack-quantized": [4, 8], "float-quantized": [8]]

    private let groups: [Group]
    private let dtype: DType

    init(_ config: QuantizationConfig) throws(WeightsError) {
        let fields = config.fields
        dtype = config.dtype
        _ = try fields.require("quantization_status", oneOf: ["compressed"], default: "compressed")
        if let sparsity = try fields.object("sparsity_config"), sparsity.has("format") {
            _ = try sparsity.require("format", oneOf: ["dense"], default: "dense")
        }
        let common = try fields.string("format", default: "")
        if common != "mixed-precision" {
            _ = try fields.require("format", oneOf: CompressedTensors.formats, default: "int-quantized")
        }
        var groups: [Group] = []
        for group in try (fields.object("config_groups"))?.objects() ?? [] {
            let format = try group.require(
                "format", oneOf: CompressedTensors.formats, default: common.isEmpty ? "int-quantized" : common)
            if let weights = try group.object("weights") {
                groups.append(try CompressedTensors.group(weights, format: format))
            }
        }
        guard !groups.isEmpty else { throw fields.missing("config_groups") }
        self.groups = groups
    }

    private static func group(_ weights: QuantizationFields, format: String) throws(WeightsError) -> Group {
        let isFloat = format == "float-quantized"
        _ = try weights.require("type", oneOf: [isFloat ? "float" : "int"], default: isFloat ? "float" : "int")
        let strategies = isFloat ? ["tensor", "channel", "block"] : ["tensor", "channel", "group"]
        let strategy = try weights.require("strategy", oneOf: strategies, default: "tensor")
        var group = Group(
            format: format, bits: try weights.require("num_bits", oneOf: bits[format] ?? []),
            isSymmetric: try weights.flag("symmetric", default: true))
        switch strategy {
        case "group": group.groupSize = try weights.integer("group_size", in: 1...1 << 20)
        case "block":
            group.blockSize = try weights.blockSize("block_structure")
            guard group.blockSize != nil else { throw weights.missing("block_structure") }
        default: break
        }
        return group
    }

    var quantization: Quantization {
        let sizes = Set(groups.compactMap(\.groupSize)).sorted().map { groupText($0) }
        let blocks = groups.contains { $0.blockSize != nil } ? ["blocks"] : []
        let zeros = groups.allSatisfy(\.isSymmetric) ? [] : ["with zeros"]
        return Quantization(
            method: "compressed-tensors", bits: Set(groups.map(\.bits)).sorted(),
            details: (Set(groups.map(\.format)).sorted() + sizes + blocks + zeros).joined(separator: ", "))
    }

    let markers = ["weight_packed", "weight_scale"]

    func weight(_ layer: TensorParts, marker: String) throws(WeightsError) -> QuantizedTensor? {
        if marker == "weight_packed" { return try packed(layer) }
        guard !layer.has("weight_packed") else { return nil }
        let isFloat = try layer.info("weight", [.i8, .f8e4m3]).dtypeName == SafetensorsDType.f8e4m3.rawValue
        return isFloat ? try float(layer) : try integer(layer)
    }

    private func groups(_ format: String, _ layer: TensorParts) throws(WeightsError) -> [Group] {
        let found = groups.filter { $0.format == format }
        guard found.isEmpty else { return found }
        throw layer.invalid("weight_scale", "a weight that is \(format)", groups[0].format)
    }

    private func float(_ layer: TensorParts) throws(WeightsError) -> QuantizedTensor {
        let groups = try groups("float-quantized", layer)
        let weights = try ValueWeights(
            layer, scales: "weight_scale", blockSize: groups.lazy.compactMap(\.blockSize).first)
        let dtype = dtype
        return QuantizedTensor(
            layer, shape: [weights.rows, weights.columns], storedAs: "fp8", dtype: dtype,
            parts: ["weight", "weight_scale"] + CompressedTensors.unused
        ) { parts throws(WeightsError) in try weights.read(parts, as: dtype) }
    }

    private func integer(_ layer: TensorParts) throws(WeightsError) -> QuantizedTensor {
        let groups = try groups("int-quantized", layer)
        let (rows, columns) = try layer.matrix("weight", [.i8])
        let weights = try weights(
            layer, groups, rows: rows, columns: columns, .init(part: "weight", layout: .signedBytes))
        return tensor(layer, weights, storedAs: "int8", part: "weight")
    }

    private func packed(_ layer: TensorParts) throws(WeightsError) -> QuantizedTensor {
        let groups = try groups("pack-quantized", layer)
        let stored = try layer.matrix("weight_packed", [.i32])
        try layer.check("weight_shape", [.i32, .i64], [2])
        let shape = try layer.integers("weight_shape")
        guard shape[0] == stored.rows, (1...TensorParts.sizeLimit).contains(shape[1]) else {
            throw layer.invalid("weight_shape", "\(shape)", "\(stored.rows) rows and some columns")
        }
        let fitting = groups.filter { (shape[1] - 1) / (32 / $0.bits) + 1 == stored.columns }
        guard let bits = fitting.first?.bits else {
            throw layer.invalid(
                "weight_packed", "\(stored.columns) words a row",
                "that of \(shape[1]) columns of \(groups[0].bits) bits")
        }
        let weights = try weights(
            layer, fitting, rows: shape[0], columns: shape[1],
            .init(part: "weight_packed", layout: PackedCodes.Layout(bits: bits)))
        return tensor(layer, weights, storedAs: "packed \(bits)-bit", part: "weight_packed")
    }

    /// The weights under whichever of some groups their scales have the shape of.
    private func weights(
        _ layer: TensorParts, _ groups: [Group], rows: Int, columns: Int, _ codes: IntegerWeights.Codes
    ) throws(WeightsError) -> IntegerWeights {
        let shape = try layer.info("weight_scale", .floats).shape
        func scaleShapes(_ group: Group) -> [[Int]] {
            if let size = group.groupSize { return [[rows, (columns - 1) / size + 1]] }
            return [[rows, 1], [rows], [1], [], [1, 1]]
        }
        let group = groups.first { scaleShapes($0).contains(shape) } ?? groups[0]
        var weights = IntegerWeights(
            rows: rows, columns: columns, codes: codes, scales: "weight_scale", groupSize: group.groupSize ?? columns)
        if layer.has("weight_g_idx") {
            weights.groupIndex = "weight_g_idx"
            weights.groupIndexMayBeUnset = true
        }
        weights.zeros = try zeros(layer, scaleShape: shape, bits: codes.layout.bits)
        if !group.isSymmetric, weights.zeros == nil {
            throw layer.invalid("weight_scale", "no weight_zero_point beside it", "one")
        }
        try weights.check(layer, scaleShapes: scaleShapes(group))
        return weights
    }

    /// Zeros of a byte each, in the shape of the scales, or packed down the rows.
    private func zeros(
        _ layer: TensorParts, scaleShape: [Int], bits: Int
    ) throws(WeightsError) -> IntegerWeights.Codes? {
        let part = "weight_zero_point"
        guard layer.has(part) else { return nil }
        if try layer.info(part, [.i8, .i32]).dtypeName == SafetensorsDType.i8.rawValue {
            try layer.check(part, [.i8], scaleShape)
            return .init(part: part, layout: .signedBytes, added: bits == 8 ? 0 : 0x88)
        }
        guard scaleShape.count == 2 else { throw layer.invalid(part, "packed zeros", "zeros of a byte") }
        try layer.check(part, [.i32], [(scaleShape[0] - 1) / (32 / bits) + 1, scaleShape[1]])
        var layout = PackedCodes.Layout(bits: bits)
        layout.runsDown = true
        return .init(part: part, layout: layout)
    }

    private func tensor(
        _ layer: TensorParts, _ weights: IntegerWeights, storedAs name: String, part: String
    ) -> QuantizedTensor {
        QuantizedTensor(
            layer, shape: [weights.rows, weights.columns], storedAs: name,
            dtype: weights.expectedType(isSymmetric: weights.zeros == nil),
            parts: [part, "weight_scale", "weight_zero_point", "weight_shape", "weight_g_idx"]
                + CompressedTensors.unused,
            read: weights.read)
    }

    /// Scales of activations, which are computed with as the engine does.
    private static let unused = ["input_scale", "input_zero_point", "output_scale", "output_zero_point"]
}
