/// An architecture as GGUF files name and write it, with what the hub calls the same.
///
/// https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py
package struct GGUFArchitecture: Sendable {
    /// The value of `general.architecture`, and the first part of the architecture's keys.
    package let name: String
    /// The name in `architectures` of the hub's `config.json`.
    package let hubName: String
    /// Whether rows of q and k are stored for rotation of neighbours: of each head row `j` and row `j + half`, one after the
    /// other.
    package let interleavesHeads: Bool

    /// One row an architecture. Mistral's files are `llama`'s.
    package static let all = [
        GGUFArchitecture(name: "llama", hubName: "LlamaForCausalLM", interleavesHeads: true),
        GGUFArchitecture(name: "qwen2", hubName: "Qwen2ForCausalLM", interleavesHeads: false),
        GGUFArchitecture(name: "qwen3", hubName: "Qwen3ForCausalLM", interleavesHeads: false),
    ]

    /// A key of the architecture and the hub's key for it.
    struct Key: Sendable {
        enum Kind: Sendable { case count, number }

        let name: String
        let hubName: String
        let kind: Kind
        let isNeeded: Bool
    }

    /// The keys whose values go to the config as they are.
    static let keys = [
        Key(name: "block_count", hubName: "num_hidden_layers", kind: .count, isNeeded: true),
        Key(name: "context_length", hubName: "max_position_embeddings", kind: .count, isNeeded: true),
        Key(name: "embedding_length", hubName: "hidden_size", kind: .count, isNeeded: true),
        Key(name: "feed_forward_length", hubName: "intermediate_size", kind: .count, isNeeded: true),
        Key(name: "attention.head_count", hubName: "num_attention_heads", kind: .count, isNeeded: true),
        Key(name: "attention.head_count_kv", hubName: "num_key_value_heads", kind: .count, isNeeded: false),
        Key(name: "attention.key_length", hubName: "head_dim", kind: .count, isNeeded: false),
        Key(
            name: "attention.layer_norm_rms_epsilon", hubName: "rms_norm_eps", kind: .number, isNeeded: true),
        Key(name: "rope.freq_base", hubName: "rope_theta", kind: .number, isNeeded: false),
    ]

    /// Further keys that are read, or change nothing. Any other key of the architecture is refused.
    static let otherKeys: Set<String> = [
        "vocab_size", "attention.value_length", "attention.sliding_window", "attention.causal", "expert_count",
        "expert_used_count", "rope.dimension_count", "rope.scaling.type", "rope.scaling.factor",
        "rope.scaling.original_context_length", "rope.scaling.finetuned", "tensor_data_layout",
    ]

    /// The hub's name of a tensor; nil for one that the hub's models do not have.
    static func hubName(ofTensor name: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let kind = parts.last, kind == "weight" || kind == "bias" else { return nil }
        if parts.count == 2 { return modelTensors.first { $0.name == parts[0] }.map { "\($0.hubName).\(kind)" } }
        guard parts.count == 4, parts[0] == "blk" else { return nil }
        return layerTensors.first { $0.name == parts[2] }.map { "model.layers.\(parts[1]).\($0.hubName).\(kind)" }
    }

    /// The name in GGUF files of a tensor that the hub calls `hubName`; nil for one that they do not have.
    package static func name(ofHubTensor hubName: String) -> String? {
        let parts = hubName.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let kind = parts.last, kind == "weight" || kind == "bias" else { return nil }
        let whole = parts.dropLast().joined(separator: ".")
        if let row = modelTensors.first(where: { $0.hubName == whole }) { return "\(row.name).\(kind)" }
        guard parts.count > 4, parts[0] == "model", parts[1] == "layers" else { return nil }
        let part = parts[3...].dropLast().joined(separator: ".")
        return layerTensors.first { $0.hubName == part }.map { "blk.\(parts[2]).\($0.name).\(kind)" }
    }

    /// Tensors that say something about the config.
    static let otherTensors: Set<String> = [frequencyFactors]

    /// What rotary frequencies are divided by.
    static let frequencyFactors = "rope_freqs.weight"

    private static let modelTensors: [(name: String, hubName: String)] = [
        ("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head"),
    ]

    private static let layerTensors: [(name: String, hubName: String)] = [
        ("attn_norm", "input_layernorm"), ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"),
        ("attn_v", "self_attn.v_proj"), ("attn_output", "self_attn.o_proj"), ("attn_q_norm", "self_attn.q_norm"),
        ("attn_k_norm", "self_attn.k_norm"), ("ffn_norm", "post_attention_layernorm"), ("ffn_gate", "mlp.gate_proj"),
        ("ffn_up", "mlp.up_proj"), ("ffn_down", "mlp.down_proj"),
    ]
}
