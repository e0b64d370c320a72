public import LLMTensor
public import LLMWeights

/// The architectures the engine runs. The shared suite tests every row.
public enum Architectures {
    /// One row an architecture.
    public static let all: [Architecture] = [
        .llama, .mistral, .ministral, .qwen2, .qwen3, .gemma, .gemma2, .gemma3, .gemma3Conditional, .mixtral,
        .deepseekV2, .miniCPM3, .phi, .phi3, .stableLM, .starcoder2, .gptNeoX, .gpt2, .gptJ, .falcon, .opt, .olmo,
        .olmo2, .olmo3, .smolLM3, .granite, .cohere, .cohere2, .glm, .glm4,
    ]

    /// The row for a config. - Throws: `ModelError` `unsupported`, naming those there are.
    public static func architecture(_ config: ConfigFile) throws(ModelError) -> Architecture {
        let names = try config.strings("architectures")
        guard !names.isEmpty else {
            throw config.invalid("architectures", "a list of one of \(all.map(\.name).joined(separator: ", "))")
        }
        guard let architecture = all.first(where: { names.contains($0.name) }) else {
            throw ModelError(
                .unsupported,
                "'\(config.path)': architecture \(names.joined(separator: ", ")) is not supported; "
                    + "supported are \(all.map(\.name).joined(separator: ", "))")
        }
        return architecture
    }

    /// Builds the model that a config describes from its tensors.
    public static func load(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat = .stored, on compute: Compute
    ) throws(ModelError) -> Decoder {
        try architecture(config).load(config, tensors, format, on: compute)
    }
}
