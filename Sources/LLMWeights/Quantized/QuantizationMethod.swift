import LLMTensor

/// How a checkpoint is quantized, as its config says.
public struct Quantization: Sendable, Hashable, Encodable {
    /// The method's name in configs, such as `gptq`.
    public let method: String
    /// Bits of a weight; where weights have several, all of them.
    public let bits: [Int]
    /// What else tells checkpoints of the method apart, such as `groups of 128`; empty where nothing does.
    public let details: String
}

/// A quantized tensor: how it is presented, the stored tensors that it is made of, and how it is read from them.
struct QuantizedTensor: Sendable {
    let info: TensorInfo
    /// Names of the stored tensors.
    let parts: [String]
    let read: @Sendable () throws(WeightsError) -> TensorView

    /// The weight `[rows, columns]` of a layer, made of `parts` of it that are there.
    ///
    /// - Parameter weight: what the weight is called in its layer.
    init(
        _ layer: TensorParts, weight: String = "weight", shape: [Int], storedAs name: String, dtype: DType,
        parts: [String],
        read: @escaping @Sendable (TensorParts) throws(WeightsError) -> TensorView
    ) {
        self.parts = parts.filter(layer.has).map(layer.name)
        let byteCount = self.parts.reduce(0) { $0 + (layer.source.info(named: $1)?.byteCount ?? 0) }
        info = TensorInfo(
            name: layer.name(weight), shape: shape, dtypeName: name, dtype: dtype, byteCount: byteCount)
        self.read = { () throws(WeightsError) in try read(layer) }
    }
}

/// What a config says about quantized tensors of one method.
protocol QuantizationScheme: Sendable {
    /// Reads the config. - Throws: `WeightsError` `invalidMetadata`, or `unsupported` for what is not read here.
    init(_ config: QuantizationConfig) throws(WeightsError)

    var quantization: Quantization { get }

    /// Parts of which every quantized layer has one.
    var markers: [String] { get }

    /// The quantized weight of the layer that has a marker, its parts checked; nil where another part marks the layer.
    /// Reads no weights.
    func weight(_ layer: TensorParts, marker: String) throws(WeightsError) -> QuantizedTensor?
}

/// The methods that are read, one row each.
struct QuantizationMethod: Sendable {
    /// `quant_method` of the config.
    let name: String
    /// What is read of it, in words.
    let reads: String
    let scheme: @Sendable (QuantizationConfig) throws(WeightsError) -> any QuantizationScheme

    static let all: [QuantizationMethod] = [
        QuantizationMethod(
            name: "compressed-tensors", reads: "int-quantized, pack-quantized and float-quantized",
            scheme: { config throws(WeightsError) in try CompressedTensors(config) }),
        QuantizationMethod(
            name: "gptq", reads: "4 and 8 bits", scheme: { config throws(WeightsError) in try GPTQ(config) }),
        QuantizationMethod(
            name: "awq", reads: "4 bits, gemm", scheme: { config throws(WeightsError) in try AWQ(config) }),
        QuantizationMethod(
            name: "bitsandbytes", reads: "nf4, fp4 and int8",
            scheme: { config throws(WeightsError) in try BitsAndBytes(config) }),
        QuantizationMethod(
            name: "mxfp4", reads: "experts of gpt-oss", scheme: { config throws(WeightsError) in try MXFP4(config) }),
        QuantizationMethod(
            name: "fp8", reads: "e4m3", scheme: { config throws(WeightsError) in try FP8(config) }),
    ]
}
