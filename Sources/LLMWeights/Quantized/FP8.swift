import LLMTensor

/// FP8 as DeepSeek and Qwen publish it: `weight` F8_E4M3 `[outputs, inputs]`, and `weight_scale_inv` (or `weight_scale`)
/// with a factor a block, a row or for all.
struct FP8: QuantizationScheme {
    private let blockSize: [Int]?
    private let dtype: DType

    init(_ config: QuantizationConfig) throws(WeightsError) {
        let fields = config.fields
        _ = try fields.require("fmt", oneOf: ["e4m3"], default: "e4m3")
        dtype = config.dtype
        blockSize = try fields.blockSize("weight_block_size")
    }

    var quantization: Quantization {
        Quantization(
            method: "fp8", bits: [8],
            details: blockSize.map { "blocks of \($0[0]) by \($0[1])" } ?? "a scale a row or tensor")
    }

    let markers = ["weight_scale_inv", "weight_scale"]

    func weight(_ layer: TensorParts, marker: String) throws(WeightsError) -> QuantizedTensor? {
        let weights = try ValueWeights(layer, scales: marker, blockSize: blockSize)
        let dtype = dtype
        return QuantizedTensor(
            layer, shape: [weights.rows, weights.columns], storedAs: "fp8", dtype: dtype,
            parts: ["weight", marker, "input_scale", "activation_scale"]
        ) { parts throws(WeightsError) in try weights.read(parts, as: dtype) }
    }
}
