import LLMJSON

/// What a GGUF file's metadata say about a model, in the hub's keys.
struct GGUFConfig {
    /// The text of a `config.json`.
    let json: [UInt8]
    /// nil where rows of q and k are in the hub's order.
    let interleavedHeads: InterleavedHeads?

    init(_ file: GGUFFile) throws(WeightsError) {
        let values = file.metadata
        let architecture = try GGUFConfig.architecture(values, file.file.path)
        try GGUFConfig.refuseUnknownKeys(architecture, values, file.file.path)
        func key(_ name: String) -> String { "\(architecture.name).\(name)" }

        var json = JSONWriter()
        try json.object { json throws(WeightsError) in
            let window = try values.integer(key("attention.sliding_window"), in: GGUFConfig.counts, default: 0)
            let hubName = window > 0 && architecture.name == "llama" ? "MistralForCausalLM" : architecture.hubName
            json.member("architectures") { $0.array { $0.value(hubName) } }
            if window > 0 {
                json.member("sliding_window", window)
                json.member("use_sliding_window", true)
            }
            for entry in GGUFArchitecture.keys where entry.isNeeded || values.type(of: key(entry.name)) != nil {
                switch entry.kind {
                case .count:
                    json.member(entry.hubName, try values.integer(key(entry.name), in: GGUFConfig.counts))
                case .number:
                    json.member(entry.hubName, try values.number(key(entry.name), in: 0...1e30))
                }
            }
            try GGUFConfig.write(tensors: file, &json)
            try GGUFConfig.write(rotation: file, architecture, &json)
            try GGUFConfig.write(endTokens: values, &json)
        }
        self.json = json.bytes
        guard architecture.interleavesHeads else {
            interleavedHeads = nil
            return
        }
        let heads = try values.integer(key("attention.head_count"), in: 1...1 << 20)
        interleavedHeads = InterleavedHeads(
            queries: heads, keys: try values.integer(key("attention.head_count_kv"), in: 1...1 << 20, default: heads))
    }

    private static let counts = 0...Int(Int32.max)

    private static func architecture(
        _ values: GGUFMetadata, _ path: String
    ) throws(WeightsError) -> GGUFArchitecture {
        let name = try values.string("general.architecture")
        if let known = GGUFArchitecture.all.first(where: { $0.name == name }) { return known }
        throw WeightsError(
            .unsupported,
            "\(path.quoted): 'general.architecture' is \(name.quoted), which is not supported in GGUF files; "
                + "supported are \(GGUFArchitecture.all.map(\.name).joined(separator: ", "))")
    }

    /// A key that is not known may change what the model computes.
    private static func refuseUnknownKeys(
        _ architecture: GGUFArchitecture, _ values: GGUFMetadata, _ path: String
    ) throws(WeightsError) {
        let known = GGUFArchitecture.otherKeys.union(GGUFArchitecture.keys.map(\.name))
        let prefix = "\(architecture.name)."
        for key in values.keys where key.hasPrefix(prefix) && !known.contains(String(key.dropFirst(prefix.count))) {
            throw WeightsError(
                .unsupported,
                "\(path.quoted): \(key.quoted) is not known for this architecture and may change what it "
                    + "computes; use the model's safetensors checkpoint")
        }
        for (name, neutral) in [("expert_count", 0), ("expert_used_count", 0)] {
            guard try values.integer(prefix + name, in: counts, default: neutral) == neutral else {
                throw values.invalid(prefix + name, "\(neutral): mixtures of experts are not read from GGUF files")
            }
        }
        guard try values.flag(prefix + "attention.causal", default: true) else {
            throw values.invalid(prefix + "attention.causal", "true")
        }
    }

    /// What the tensors show: the vocabulary's size, a tied output head, biases.
    private static func write(tensors file: GGUFFile, _ json: inout JSONWriter) throws(WeightsError) {
        guard let embedding = file.info(named: "token_embd.weight"), let tokens = embedding.shape.first else {
            throw .missing("token_embd.weight", in: file.file.path, of: file.tensors)
        }
        json.member("vocab_size", tokens)
        json.member("tie_word_embeddings", !file.contains("output.weight"))
        json.member("attention_bias", file.contains("blk.0.attn_q.bias"))
        json.member("mlp_bias", file.contains("blk.0.ffn_gate.bias"))
    }

    private static func write(
        rotation file: GGUFFile, _ architecture: GGUFArchitecture, _ json: inout JSONWriter
    ) throws(WeightsError) {
        let values = file.metadata
        func key(_ name: String) -> String { "\(architecture.name).\(name)" }
        let heads = try values.integer(key("attention.head_count"), in: 1...1 << 20)
        let headDim = try values.integer(
            key("attention.key_length"), in: counts,
            default: try values.integer(key("embedding_length"), in: counts) / heads)
        for name in ["attention.value_length", "rope.dimension_count"] {
            guard try values.integer(key(name), in: counts, default: headDim) == headDim else {
                throw values.invalid(key(name), "the length of a key, \(headDim), in this architecture")
            }
        }
        if let factors = try frequencyFactors(file) {
            let theta = try values.number(key("rope.freq_base"), in: 1...1e30, default: 10000)
            guard let scaling = Llama3Scaling(factors: factors, theta: theta, headDim: headDim) else {
                throw WeightsError(
                    .unsupported,
                    "\(file.file.path.quoted): the factors of tensor 'rope_freqs.weight' are not those of "
                        + "Llama 3's rotary positions; use the model's safetensors checkpoint")
            }
            json.member("rope_scaling") { scaling.write(&$0) }
            return
        }
        let kind = try values.string(key("rope.scaling.type"), default: "none")
        guard kind != "none" else { return }
        let factor = try values.number(key("rope.scaling.factor"), in: 0...1e30, default: 1)
        let original = try values.integer(key("rope.scaling.original_context_length"), in: counts, default: 0)
        json.member("rope_scaling") { json in
            json.object { json in
                json.member("rope_type", kind)
                json.member("factor", factor)
                if original > 0 { json.member("original_max_position_embeddings", original) }
            }
        }
    }

    /// What frequencies are divided by; nil where the file does not say.
    private static func frequencyFactors(_ file: GGUFFile) throws(WeightsError) -> [Float]? {
        guard file.contains(GGUFArchitecture.frequencyFactors) else { return nil }
        let factors = try file.tensor(named: GGUFArchitecture.frequencyFactors)
        guard factors.count <= 1 << 16 else {
            throw .corrupt(file.file.path, "tensor 'rope_freqs.weight' has \(factors.count) elements")
        }
        return factors.floats()
    }

    /// The tokens that end a text, and those that end a turn or a message of a conversation.
    private static func write(endTokens values: GGUFMetadata, _ json: inout JSONWriter) throws(WeightsError) {
        var tokens: [Int] = []
        for name in ["eos", "eot", "eom"] {
            let key = "tokenizer.ggml.\(name)_token_id"
            guard values.type(of: key) != nil else { continue }
            let token = try values.integer(key, in: counts)
            if !tokens.contains(token) { tokens.append(token) }
        }
        json.member("eos_token_id") { json in json.array { json in for token in tokens { json.value(token) } } }
    }
}
