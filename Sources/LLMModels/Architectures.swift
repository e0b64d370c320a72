public import LLMTensor
public import LLMWeights

/// The architectures the engine runs. The shared suite tests every row.
public enum Architectures {
    /// One row an architecture.
    public static let all: [Architecture] = decoders + encoders

    private static let decoders: [Architecture] = [
        .llama, .llama4, .llama4Conditional, .mistral, .mistral3Conditional, .ministral, .qwen2, .qwen3, .qwen2VL,
        .qwen25VL, .qwen3VL, .gemma, .gemma2, .gemma3, .gemma3Conditional, .gemma3n, .gemma3nConditional, .mixtral,
        .qwen2Moe, .qwen3Moe, .qwen3Next, .qwen3_5, .qwen3_5Moe, .qwen3_5Conditional, .qwen3_5MoeConditional,
        .deepseekV2, .deepseekV3, .miniCPM, .miniCPM3, .internLM2, .internLM3, .phi, .phi3, .stableLM, .starcoder2,
        .gptNeoX, .gpt2, .gptJ, .gptOss, .falcon, .bloom, .mpt, .opt, .olmo, .olmo2, .olmo3, .olmoe, .smolLM3, .granite,
        .graniteMoe, .cohere, .cohere2, .glm, .glm4, .glm4Moe, .lfm2, .lfm2Moe, .mamba2, .graniteHybrid, .bamba,
        .nemotronH, .falconH1,
    ]

    private static let encoders: [Architecture] =
        Architecture.bert + Architecture.roberta + Architecture.xlmRoberta + Architecture.distilBERT
        + Architecture.modernBERT + Architecture.mpNet + [.nomicBERT]

    /// The row for a config. - Throws: `ModelError` `unsupported`, naming those there are.
    public static func architecture(_ config: ConfigFile) throws(ModelError) -> Architecture {
        let names = try config.strings("architectures")
        guard !names.isEmpty else {
            throw config.invalid("architectures", "a list of one of \(all.map(\.name).joined(separator: ", "))")
        }
        let wanted = names + names.compactMap(generating)
        guard let architecture = all.first(where: { wanted.contains($0.name) }) else {
            let known = all.map(\.name)
            throw ModelError(
                .unsupported,
                "'\(config.path)': architecture \(names.joined(separator: ", ")) is not supported; the nearest by name "
                    + "is \(nearest(to: names[0], of: known)); supported are \(known.joined(separator: ", "))")
        }
        return architecture
    }

    /// The architecture that generates, of one that has the same layers and another head or none: that of
    /// `Qwen3ForSequenceClassification` and `Qwen3Model` is `Qwen3ForCausalLM`.
    private static func generating(_ name: String) -> String? {
        ["ForSequenceClassification", "Model"].first(where: name.hasSuffix).map {
            "\(name.dropLast($0.count))ForCausalLM"
        }
    }

    /// The name that takes the fewest letters changed, added or left out (Levenshtein 1966).
    private static func nearest(to name: String, of known: [String]) -> String {
        let letters = Array(name.utf8.prefix(128))
        func distance(_ other: String) -> Int {
            var row = Array(0...letters.count)
            for (index, letter) in other.utf8.enumerated() {
                var diagonal = row[0]
                row[0] = index + 1
                for column in letters.indices {
                    let changed = diagonal + (letters[column] == letter ? 0 : 1)
                    diagonal = row[column + 1]
                    row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
                }
            }
            return row[letters.count]
        }
        return known.min { distance($0) < distance($1) } ?? ""
    }

    /// Builds the decoder that a config describes from its tensors.
    public static func load(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat = .stored, on compute: Compute
    ) throws(ModelError) -> Decoder {
        try architecture(config).load(config, tensors, format, on: compute)
    }

    /// Builds the encoder that a config describes from its tensors.
    public static func loadEncoder(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat = .stored, on compute: Compute
    ) throws(ModelError) -> Encoder {
        try architecture(config).loadEncoder(config, tensors, format, on: compute)
    }
}
