package import LLMWeights

extension ConfigFile {
    /// How the weights are quantized; nil where they are not.
    ///
    /// - Throws: `WeightsError` `invalidMetadata`, or `unsupported` where the method has no name.
    package func quantization() throws(WeightsError) -> QuantizationConfig? {
        try QuantizationConfig(path: path) { field($0) }
    }

    /// The tensors of the model's checkpoint, quantized ones as the weights that they stand for.
    ///
    /// - Throws: `WeightsError` of ``quantization()``, and those of opening a `QuantizedCheckpoint`.
    package func tensors(of checkpoint: Checkpoint) throws(WeightsError) -> any NamedTensors {
        guard let quantization = try quantization() else { return checkpoint }
        return try QuantizedCheckpoint(checkpoint, path: checkpoint.path, quantization)
    }
}
