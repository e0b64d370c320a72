/// Configs of very small models of the family, for the suite that every architecture passes.
extension Llama {
    static let tinyConfig = tiny("LlamaForCausalLM", #""attention_bias": true, "mlp_bias": true"#)
    static let tinyMistralConfig = tiny("MistralForCausalLM", #""sliding_window": null, "head_dim": 20"#)
    static let tinyQwen2Config = tiny("Qwen2ForCausalLM", #""tie_word_embeddings": true"#)
    static let tinyQwen3Config = tiny("Qwen3ForCausalLM", #""head_dim": 24, "rope_theta": 1000000"#)

    private static func tiny(_ name: String, _ further: String) -> String {
        """
        {"architectures": ["\(name)"], "vocab_size": 97, "hidden_size": 48, "intermediate_size": 80,
         "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
         "max_position_embeddings": 512, \(further)}
        """
    }
}
