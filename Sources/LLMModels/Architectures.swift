public import LLMTensor
public import LLMWeights

/// An architecture the engine runs, under the name that `config.json` has in `architectures`.
public struct ArchitectureEntry: Sendable {
    /// The name in `architectures`.
    public let name: String
    /// The type that runs it.
    public let type: any Architecture.Type
    /// The `config.json` of a very small model, for tests.
    public let tinyConfig: String
}

/// The architectures the engine runs. The shared suite tests every row.
public enum Architectures {
    /// One row an architecture.
    public static let all: [ArchitectureEntry] = [
        ArchitectureEntry(name: "LlamaForCausalLM", type: Llama.self, tinyConfig: Llama.tinyConfig),
        ArchitectureEntry(name: "MistralForCausalLM", type: Llama.self, tinyConfig: Llama.tinyMistralConfig),
        ArchitectureEntry(name: "Qwen2ForCausalLM", type: Llama.self, tinyConfig: Llama.tinyQwen2Config),
        ArchitectureEntry(name: "Qwen3ForCausalLM", type: Llama.self, tinyConfig: Llama.tinyQwen3Config),
    ]

    /// The row for a config. - Throws: `ModelError` `unsupported`, naming those there are.
    public static func entry(_ config: ConfigFile) throws(ModelError) -> ArchitectureEntry {
        let names = try config.strings("architectures")
        guard !names.isEmpty else {
            throw config.invalid("architectures", "a list of one of \(all.map(\.name).joined(separator: ", "))")
        }
        guard let entry = all.first(where: { names.contains($0.name) }) else {
            throw ModelError(
                code: .unsupported,
                message: "'\(config.path)': architecture \(names.joined(separator: ", ")) is not supported; "
                    + "supported are \(all.map(\.name).joined(separator: ", "))")
        }
        if config.has("quantization_config") {
            throw config.unsupported("quantization_config", "use the model's unquantized checkpoint")
        }
        return entry
    }

    /// Builds the model that a config describes from its tensors.
    public static func load(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat = .stored, on compute: Compute
    ) throws(ModelError) -> any Architecture {
        try entry(config).type.init(config, tensors, format, on: compute)
    }
}
