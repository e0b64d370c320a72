import LLMModels
import Testing

/// Gemma 3n, whose layers differ in sizes and share keys and values.
@Suite struct Gemma3nConfigTests {
    /// Gemma 3n E2B's keys that have a part in the computation.
    private func description(_ change: (String, String)? = nil) throws -> ModelDescription {
        let list = { (value: String, count: Int) in Array(repeating: value, count: count).joined(separator: ",") }
        let types = list(list("\"sliding_attention\"", 4) + ",\"full_attention\"", 6)
        var text = """
            {"architectures": ["Gemma3nForConditionalGeneration"], "text_config": {
                "activation_sparsity_pattern": [\(list("0.95", 10)),\(list("0.0", 20))], "hidden_size": 2048,
                "intermediate_size": [\(list("8192", 30))], "layer_types": [\(types)], "num_hidden_layers": 30,
                "num_kv_shared_layers": 10, "vocab_size": 262400, "vocab_size_per_layer_input": 262144}}
            """
        if let change {
            try #require(text.contains(change.0))
            text = text.replacingOccurrences(of: change.0, with: change.1)
        }
        let config = try ConfigFile(bytes: Array(text.utf8), path: "config.json")
        return try Architectures.architecture(config).describe(config)
    }

    @Test func `Layers of Gemma 3n that share keys and values have neither a place in the cache nor tensors`() throws {
        let model = try description()
        let windows: [Int?] = [512, nil]
        #expect(model.cacheLayout.groups.map(\.window) == windows)
        #expect(model.cacheLayout.groups.map(\.layers) == [16, 4])
        let names = model.tensors.map(\.name)
        #expect(names.contains("model.language_model.layers.19.self_attn.k_proj.weight"))
        #expect(!names.contains("model.language_model.layers.20.self_attn.k_proj.weight"))
        #expect(names.contains("model.language_model.layers.29.self_attn.q_norm.weight"))
        #expect(
            model.tensors.contains {
                $0.name == "model.language_model.embed_tokens_per_layer.weight" && $0.shape == [262_144, 30 * 256]
            })
    }

    static let refusals: [(from: String, to: String, words: [String])] = [
        ("\"num_kv_shared_layers\": 10", "\"num_kv_shared_layers\": 30", ["num_kv_shared_layers", "30", "to 29"]),
        ("\"num_kv_shared_layers\": 10", "\"num_kv_shared_layers\": 26", ["num_kv_shared_layers", "26", "types"]),
        ("[8192,8192,", "[8192,", ["intermediate_size", "30"]),
        ("[0.95,0.95,", "[0.95,", ["activation_sparsity_pattern", "30"]),
        ("[0.95,0.95,", "[0.95,1.0,", ["activation_sparsity_pattern", "0.999999"]),
        ("\"vocab_size\"", "\"altup_num_inputs\": 0, \"vocab_size\"", ["altup_num_inputs", "0", "from 1"]),
        ("\"vocab_size\"", "\"altup_active_idx\": 4, \"vocab_size\"", ["altup_active_idx", "4", "to 3"]),
        ("\"vocab_size\"", "\"hidden_activation\": \"gelu\", \"vocab_size\"", ["hidden_activation", "'gelu'"]),
    ]

    @Test(arguments: refusals.indices)
    func `What Gemma 3n cannot be is refused with the key and the value`(index: Int) throws {
        let (from, to, words) = Gemma3nConfigTests.refusals[index]
        let error = try #require(throws: ModelError.self) { _ = try description((from, to)) }
        for word in words { #expect(error.message.contains(word), "\(error.message)") }
    }
}
