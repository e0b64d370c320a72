import LLMJSON

/// What a GGUF file's metadata say about a model, in the hub's keys.
struct GGUFConfig {
    /// The text of a `config.json`.
    let json: [UInt8]
    let architecture: GGUFArchitecture
    /// Layers of the file that are not the model's.
    let furtherLayers: Range<Int>
    let sizes: GGUFTensorSizes

    init(_ file: GGUFFile) throws(WeightsError) {
        let architecture = try GGUFArchitecture.row(of: file)
        let keys = GGUFKeys(file: file, architecture: architecture.name)
        try GGUFConfig.refuseUnknownKeys(architecture, keys)
        let layers = try keys.layers()
        guard layers <= GGUFConfig.mostLayers else {
            throw keys.invalid("block_count", "at most \(GGUFConfig.mostLayers)")
        }
        var json = JSONWriter()
        try json.object { json throws(WeightsError) in
            json.member("architectures") { $0.array { $0.value(architecture.hubName) } }
            for key in architecture.keys { try GGUFConfig.write(key, keys, &json) }
            json.member("num_hidden_layers", layers)
            for (hubName, value) in architecture.constants { json.member(hubName) { $0.value(value) } }
            for (hubName, tensor) in architecture.flags { json.member(hubName, keys.hasTensor(tensor)) }
            try GGUFConfig.write(tensors: file, &json)
            try GGUFConfig.write(states: architecture.states, layers: layers, keys, &json)
            if architecture.hasAttention {
                json.member("num_key_value_heads", try keys.keyHeads())
                try GGUFConfig.write(windows: architecture.windows, layers: layers, keys, &json)
                try GGUFConfig.write(rotated: architecture.rotation, keys, &json)
                try GGUFConfig.write(scaling: keys, architecture, &json)
            }
            try GGUFConfig.write(endTokens: file.metadata, &json)
            try architecture.others?(keys, &json)
        }
        self.json = json.bytes
        self.architecture = architecture
        furtherLayers = layers..<layers + (try keys.count("nextn_predict_layers", default: 0))
        sizes = try GGUFTensorSizes(keys, hasAttention: architecture.hasAttention)
    }

    private static let mostLayers = 1024

    /// A key that is not known may change what the model computes.
    private static func refuseUnknownKeys(
        _ architecture: GGUFArchitecture, _ keys: GGUFKeys
    ) throws(WeightsError) {
        let known = Set(architecture.keys.map { keys.name($0.name) })
        for key in keys.values.keys where key.hasPrefix("\(architecture.name).") && !known.contains(key) {
            throw WeightsError(
                .unsupported,
                "\(keys.file.file.path.quoted): \(key.quoted) is not known for this architecture and may change what it "
                    + "computes; use the model's safetensors checkpoint")
        }
    }

    private static func write(_ key: GGUFKey, _ keys: GGUFKeys, _ json: inout JSONWriter) throws(WeightsError) {
        // What is written besides, in each file.
        guard !["num_hidden_layers", "num_key_value_heads", "head_dim"].contains(key.hubName) else { return }
        let value: JSONValue
        switch key.need {
        case .needed: value = try keys.value(key)
        case .standard(let standard): value = try keys.value(key, default: standard)
        case .optional:
            guard keys.has(key.name) else { return }
            value = try keys.value(key)
        case .fixed(let fixed):
            guard try keys.value(key, default: fixed) == fixed else {
                throw keys.invalid(key.name, "\(fixed.shown): nothing else is read in files of this architecture")
            }
            return
        case .other: return
        }
        json.member(key.hubName) { $0.value(value) }
    }

    /// What the tensors show: the vocabulary's size, a tied output head.
    private static func write(tensors file: GGUFFile, _ json: inout JSONWriter) throws(WeightsError) {
        guard let embedding = file.info(named: "token_embd.weight"), let tokens = embedding.shape.first else {
            throw .missing("token_embd.weight", in: file.file.path, of: file.tensors)
        }
        json.member("vocab_size", tokens)
        json.member("tie_word_embeddings", !file.contains("output.weight"))
    }

    private static func write(
        states: GGUFArchitecture.States, layers: Int, _ keys: GGUFKeys, _ json: inout JSONWriter
    ) throws(WeightsError) {
        let heads = "attention.head_count_kv"
        var (name, isRecurrent): (String?, [Bool]) = (nil, [])
        switch states {
        case .all: return
        case .none:
            if keys.has(heads) { _ = try keys.count(heads) }
        case .withoutKeys(let type):
            name = type
            isRecurrent = try keys.layersWithoutKeys(layers)
        case .listed(let type):
            name = type
            isRecurrent = try keys.recurrentLayers(layers)
        }
        guard let name else { return }
        json.member("layer_types") { json in
            json.array { json in for mark in isRecurrent { json.value(mark ? name : "full_attention") } }
        }
    }

    private static func write(
        windows: GGUFArchitecture.Windows, layers: Int, _ keys: GGUFKeys, _ json: inout JSONWriter
    ) throws(WeightsError) {
        let (key, patternKey) = ("attention.sliding_window", "attention.sliding_window_pattern")
        if keys.has(patternKey) {
            switch windows {
            case .pattern, .own: break
            default: throw keys.invalid(patternKey, "left out in this architecture")
            }
        }
        switch windows {
        case .own: return
        case .none:
            guard try keys.count(key, default: 0) == 0 else {
                throw keys.invalid(key, "0: windows are not read in files of this architecture")
            }
        case .chunks(let length):
            guard try keys.count(key, default: length) == length else {
                throw keys.invalid(key, "\(length): no other is read in files of this architecture")
            }
            json.member("attention_chunk_size", length)
        case .all:
            let window = try keys.count(key, default: 0)
            if window > 0 { json.member("sliding_window", window) }
        case .pattern(let interval, let length):
            let window = try keys.count(key, default: length)
            if window > 0 { json.member("sliding_window", window) }
            let marks = try keys.windowMarks(patternKey, layers: layers, interval: interval)
            json.member("layer_types") { json in
                json.array { json in
                    for mark in marks { json.value(mark && window > 0 ? "sliding_attention" : "full_attention") }
                }
            }
        }
    }

    /// The tokens that end a text, and those that end a turn or a message of a conversation.
    private static func write(endTokens values: GGUFMetadata, _ json: inout JSONWriter) throws(WeightsError) {
        var tokens: [Int] = []
        for name in ["eos", "eot", "eom"] {
            let key = "tokenizer.ggml.\(name)_token_id"
            guard values.type(of: key) != nil else { continue }
            let token = try values.integer(key, in: GGUFKeys.counts)
            if !tokens.contains(token) { tokens.append(token) }
        }
        json.member("eos_token_id") { json in json.array { json in for token in tokens { json.value(token) } } }
    }
}

extension GGUFKeys {
    /// Which layers have no key heads.
    func layersWithoutKeys(_ layers: Int) throws(WeightsError) -> [Bool] {
        let key = name("attention.head_count_kv")
        let list = try values.integers(key, in: GGUFKeys.counts)
        guard list.count >= layers else { throw values.invalid(key, "a list of \(layers), one for each layer") }
        return list.prefix(layers).map { $0 == 0 }
    }

    /// Which layers keep a state: a list, or all but the last of each `full_attention_interval`.
    fileprivate func recurrentLayers(_ layers: Int) throws(WeightsError) -> [Bool] {
        let key = name("attention.recurrent_layers")
        guard values.type(of: key) != nil else {
            let interval = try count("full_attention_interval", default: 4)
            return (0..<layers).map { interval == 0 || ($0 + 1) % interval != 0 }
        }
        let marks = try values.flags(key)
        guard marks.count >= layers else { throw values.invalid(key, "a list of \(layers), one for each layer") }
        return Array(marks.prefix(layers))
    }

    /// Which layers have a window: a list, or all but every so many-th.
    fileprivate func windowMarks(_ name: String, layers: Int, interval: Int) throws(WeightsError) -> [Bool] {
        let key = self.name(name)
        if values.type(of: key) == .array {
            let marks = try values.flags(key)
            guard marks.count >= layers else { throw values.invalid(key, "a list of \(layers), one for each layer") }
            return Array(marks.prefix(layers))
        }
        let interval = try count(name, default: interval)
        return (0..<layers).map { interval == 0 || $0 % interval < interval - 1 }
    }
}
