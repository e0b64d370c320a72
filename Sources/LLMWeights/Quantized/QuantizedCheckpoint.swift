public import LLMTensor

/// A quantized checkpoint under the names of the model that it was made from.
///
/// A layer's parts (`qweight`, `scales` and the like) are presented as one tensor `weight`, which is converted to a
/// stored type when it is asked for; other tensors come through as they are. The type in a quantized tensor's info is
/// what the headers allow: a tensor whose scales need it has a wider one (docs/weights.md).
public struct QuantizedCheckpoint: NamedTensors {
    /// Every tensor, a quantized one in the place of the part that marks it.
    public let tensors: [TensorInfo]
    /// How the checkpoint is quantized.
    public let quantization: Quantization
    private let source: any RawTensors
    private let path: String
    private let quantized: [String: QuantizedTensor]
    private let infos: [String: TensorInfo]

    /// Finds the quantized tensors of `source` and checks their parts; reads none of their weights.
    ///
    /// - Parameter path: the checkpoint, as messages name it.
    /// - Throws: `WeightsError` `unsupported` for a method or a variant that is not read, `invalidMetadata`, or `corrupt`
    ///   and `missingTensor` for parts that do not fit together.
    package init(_ source: any RawTensors, path: String, _ config: QuantizationConfig) throws(WeightsError) {
        let scheme = try config.scheme()
        var quantized: [String: QuantizedTensor] = [:]
        var nameOfMarker: [String: String] = [:]
        var hidden: Set<String> = []
        for info in source.tensors {
            guard let marker = scheme.markers.first(where: { info.name.hasSuffix(".\($0)") }) else { continue }
            let layer = TensorParts(
                source: source, path: path, prefix: String(info.name.dropLast(marker.count + 1)))
            guard let tensor = try scheme.weight(layer, marker: marker) else { continue }
            guard quantized[tensor.info.name] == nil,
                !source.contains(tensor.info.name) || tensor.parts.contains(tensor.info.name)
            else {
                throw layer.invalid(marker, "a second weight of its layer", "one")
            }
            quantized[tensor.info.name] = tensor
            nameOfMarker[info.name] = tensor.info.name
            hidden.formUnion(tensor.parts)
        }
        tensors = source.tensors.compactMap { info in
            nameOfMarker[info.name].flatMap { quantized[$0]?.info } ?? (hidden.contains(info.name) ? nil : info)
        }
        infos = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
        quantization = scheme.quantization
        self.source = source
        self.path = path
        self.quantized = quantized
    }

    /// What is known of the tensor called `name`; nil where there is none.
    public func info(named name: String) -> TensorInfo? { infos[name] }

    /// The tensor, converted where it is quantized: in memory of its own, which is not kept.
    public func tensor(named name: String) throws(WeightsError) -> TensorView {
        guard infos[name] != nil else { throw .missing(name, in: path, of: tensors) }
        guard let tensor = quantized[name] else { return try source.tensor(named: name) }
        return try tensor.read()
    }

    /// Lets the system start reading the bytes of the tensor's parts.
    public func willNeed(_ name: String) {
        for part in quantized[name]?.parts ?? [name] { source.willNeed(part) }
    }
}
