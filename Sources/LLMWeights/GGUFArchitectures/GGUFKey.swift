import LLMJSON

/// A key of an architecture in GGUF files, without the architecture's name, and the hub's key for the same.
struct GGUFKey: Sendable {
    enum Kind: Sendable { case count, number, flag }

    /// What a file may leave out, or must say.
    enum Need: Sendable {
        case needed
        case optional
        /// What it means where it is missing.
        case standard(JSONValue)
        /// What the architecture has, whatever the hub's config says.
        case fixed(JSONValue)
        /// It is read elsewhere, or changes nothing.
        case other
    }

    let name: String
    /// Empty where the hub has no such key.
    let hubName: String
    let kind: Kind
    let need: Need

    /// Whether files of every architecture have it in the same way.
    var isShared: Bool { GGUFKey.shared.contains { $0.name == name && $0.hubName == hubName } }

    static func count(_ name: String, _ hubName: String, _ need: Need = .needed) -> GGUFKey {
        GGUFKey(name: name, hubName: hubName, kind: .count, need: need)
    }

    static func number(_ name: String, _ hubName: String, _ need: Need = .needed) -> GGUFKey {
        GGUFKey(name: name, hubName: hubName, kind: .number, need: need)
    }

    static func flag(_ name: String, _ hubName: String, _ need: Need = .needed) -> GGUFKey {
        GGUFKey(name: name, hubName: hubName, kind: .flag, need: need)
    }

    /// A key that must have a value where it is there.
    static func fixed(_ name: String, _ value: JSONValue) -> GGUFKey {
        let kind: Kind =
            switch value {
            case .flag: .flag
            case .integer: .count
            default: .number
            }
        return GGUFKey(name: name, hubName: "", kind: kind, need: .fixed(value))
    }

    static func other(_ name: String) -> GGUFKey { GGUFKey(name: name, hubName: "", kind: .count, need: .other) }

    /// Keys that files of every architecture may have. A key that is in no table is refused.
    static let shared: [GGUFKey] =
        [
            .count("block_count", "num_hidden_layers"), .count("context_length", "max_position_embeddings"),
            .count("embedding_length", "hidden_size"), .count("feed_forward_length", "intermediate_size"),
            .count("attention.head_count", "num_attention_heads"),
            .count("attention.head_count_kv", "num_key_value_heads", .optional),
            .count("attention.key_length", "head_dim", .optional),
            .number("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
            .number("rope.freq_base", "rope_theta", .standard(.number(10000))),
            .fixed("attention.causal", .flag(true)), .fixed("expert_count", .integer(0)),
            .fixed("expert_used_count", .integer(0)), .fixed("rope.scaling.yarn_ext_factor", .number(1)),
        ] + others.map(GGUFKey.other)

    private static let others = [
        "vocab_size", "pooling_type", "tensor_data_layout", "nextn_predict_layers", "attention.value_length",
        "attention.sliding_window",
        "attention.sliding_window_pattern", "rope.dimension_count", "rope.freq_base_swa", "rope.scale_linear",
        "rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length", "rope.scaling.finetuned",
        "rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_beta_fast",
        "rope.scaling.yarn_beta_slow",
    ]

    /// In place of the epsilon of RMSNorm.
    static func layerNorm(_ hubName: String) -> [GGUFKey] {
        [.number("attention.layer_norm_epsilon", hubName), .other("attention.layer_norm_rms_epsilon")]
    }

    /// Of architectures with experts.
    static func experts(_ hubName: String) -> [GGUFKey] {
        [.count("expert_count", hubName), .count("expert_used_count", "num_experts_per_tok")]
    }
}

/// The keys of a file's architecture.
struct GGUFKeys {
    let file: GGUFFile
    let architecture: String

    var values: GGUFMetadata { file.metadata }

    static let counts = 0...Int(Int32.max)

    func name(_ name: String) -> String { "\(architecture).\(name)" }

    func has(_ name: String) -> Bool { values.has(self.name(name)) }

    /// A whole number. A list, of one for each layer, must have the same for all.
    ///
    /// - Parameter someLayers: whether layers may have 0 instead.
    func count(_ name: String, default fallback: Int? = nil, someLayers: Bool = false) throws(WeightsError) -> Int {
        let key = self.name(name)
        guard values.type(of: key) == .array else {
            return try values.integer(key, in: GGUFKeys.counts, default: fallback)
        }
        let list = try values.integers(key, in: GGUFKeys.counts)
        guard let most = list.max(), list.allSatisfy({ $0 == most || someLayers && $0 == 0 }) else {
            throw values.invalid(key, "one number for all layers")
        }
        return most
    }

    /// Whether there is a tensor of this name, a `#` in the place of any layer's number.
    func hasTensor(_ name: String) -> Bool {
        guard let mark = name.firstIndex(of: "#") else { return file.contains(name) }
        let (start, end) = (name[..<mark], name[name.index(after: mark)...])
        return file.tensors.contains { $0.name.hasPrefix(start) && $0.name.hasSuffix(end) }
    }

    /// Whether a layer has a tensor of this name.
    func hasTensor(_ name: String, layer: Int) -> Bool { file.contains("blk.\(layer).\(name)") }

    /// A number. Of one with 32 bits the shortest that rounds to it, which is what it was rounded from.
    func number(_ name: String, default fallback: Double? = nil) throws(WeightsError) -> Double {
        let key = self.name(name)
        let number = try values.number(key, in: -1e30...1e30, default: fallback)
        return values.type(of: key) == .float32 ? Double("\(Float(number))") ?? number : number
    }

    func flag(_ name: String, default fallback: Bool? = nil) throws(WeightsError) -> Bool {
        try values.flag(self.name(name), default: fallback)
    }

    func value(_ key: GGUFKey, default fallback: JSONValue? = nil) throws(WeightsError) -> JSONValue {
        if let fallback, !has(key.name) { return fallback }
        switch key.kind {
        case .count: return .integer(try count(key.name))
        case .number: return .number(try number(key.name))
        case .flag: return .flag(try flag(key.name))
        }
    }

    func invalid(_ name: String, _ wanted: String) -> WeightsError { values.invalid(self.name(name), wanted) }

    /// Layers of the model; what a file has behind them predicts further tokens.
    func layers() throws(WeightsError) -> Int {
        let (all, further) = (try count("block_count"), try count("nextn_predict_layers", default: 0))
        guard further <= all else { throw invalid("nextn_predict_layers", "at most the block count, \(all)") }
        return all - further
    }

    func heads() throws(WeightsError) -> Int {
        let heads = try count("attention.head_count")
        guard 1...1 << 20 ~= heads else { throw invalid("attention.head_count", "from 1 to \(1 << 20)") }
        return heads
    }

    func keyHeads() throws(WeightsError) -> Int {
        let heads = try count("attention.head_count_kv", default: try heads(), someLayers: true)
        guard 1...1 << 20 ~= heads else { throw invalid("attention.head_count_kv", "from 1 to \(1 << 20)") }
        return heads
    }

    /// Elements of a query head.
    func headDim() throws(WeightsError) -> Int {
        try count("attention.key_length", default: try count("embedding_length") / heads())
    }
}
