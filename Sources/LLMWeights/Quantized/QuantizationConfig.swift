package import LLMJSON
import LLMTensor

/// The part of a `config.json` that says how its weights are quantized.
package struct QuantizationConfig: Sendable {
    /// The object of the method.
    let fields: QuantizationFields
    /// `quant_method`, or what older configs without it mean.
    let method: String
    /// The type that weights are rounded to where they are no integers: that of the model.
    let dtype: DType

    /// Reads a config; nil for a model that is not quantized.
    ///
    /// - Parameters:
    ///   - field: a key of the config's; nil where it is missing or null.
    ///   - path: the file, as messages name it.
    /// - Throws: `WeightsError` `invalidMetadata`, or `unsupported` where the keys are those of a format without a name.
    package init?(path: String, _ field: (String) -> JSONValue?) throws(WeightsError) {
        let keys = ["quantization_config", "compression_config", "quantization"]
        guard let key = keys.first(where: { field($0) != nil }), let value = field(key) else { return nil }
        guard case .object = value else {
            throw WeightsError(.invalidMetadata, "\(path.quoted): \(key) is \(value.shown); it must be an object")
        }
        var fields = QuantizationFields(value, at: key, of: path)
        if key == "compression_config", let inner = try fields.object("quantization_config") { fields = inner }
        self.fields = fields
        method = try QuantizationConfig.method(fields, key: key)
        dtype =
            switch field("dtype") ?? field("torch_dtype") {
            case .string("float32"): .float32
            case .string("float16"): .float16
            default: .bfloat16
            }
    }

    /// The method by its name; by the keys that only one has where older writers gave no name.
    private static func method(_ fields: QuantizationFields, key: String) throws(WeightsError) -> String {
        if let name = try fields.optional("quant_method", .text) { return name }
        if fields.has("load_in_4bit") || fields.has("load_in_8bit") { return "bitsandbytes" }
        if fields.has("config_groups") { return "compressed-tensors" }
        if fields.has("group_size"), fields.has("bits") { return "mlx" }
        throw fields.missing("quant_method")
    }

    /// What the config's method makes of it. - Throws: `WeightsError` `unsupported` for another method.
    func scheme() throws(WeightsError) -> any QuantizationScheme {
        guard let known = QuantizationMethod.all.first(where: { $0.name == method }) else {
            let read = QuantizationMethod.all.map { "\($0.name) (\($0.reads))" }.joined(separator: ", ")
            throw WeightsError(
                .unsupported,
                "\(fields.path.quoted): the weights are quantized by \(String(method.prefix(80)).quoted), which is not "
                    + "read; read are \(read): take the model in one of these, as GGUF, or not quantized")
        }
        return try known.scheme(self)
    }

    /// How the checkpoint is quantized. - Throws: as reading its tensors does.
    package func quantization() throws(WeightsError) -> Quantization { try scheme().quantization }
}
