import LLMJSON

extension GGUFConfig {
    /// The sizes of heads, and how much of them is rotated.
    static func write(
        rotated: GGUFArchitecture.Rotation, _ keys: GGUFKeys, _ json: inout JSONWriter
    ) throws(WeightsError) {
        guard rotated != .latent else { return }
        let headDim = try keys.headDim()
        json.member("head_dim", headDim)
        func require(_ name: String) throws(WeightsError) {
            guard try keys.count(name, default: headDim) == headDim else {
                throw keys.invalid(name, "the length of a key, \(headDim), in this architecture")
            }
        }
        try require("attention.value_length")
        guard rotated != .none else { return }
        guard rotated == .part else { return try require("rope.dimension_count") }
        let count = try keys.count("rope.dimension_count", default: headDim)
        guard 0...headDim ~= count else { throw keys.invalid("rope.dimension_count", "at most \(headDim)") }
        let part = headDim == 0 ? 1 : Double(count) / Double(headDim)
        // The product, rounded down, is the count again.
        json.member("partial_rotary_factor", Int(part * Double(headDim)) == count ? part : part.nextUp)
    }

    /// How rotary frequencies are scaled.
    static func write(
        scaling keys: GGUFKeys, _ architecture: GGUFArchitecture, _ json: inout JSONWriter
    ) throws(WeightsError) {
        let file = keys.file
        try requireOneTheta(keys, architecture)
        let headDim = try keys.headDim()
        if let factors = try factors(GGUFConfig.frequencyFactors, file) {
            let theta = try keys.number("rope.freq_base", default: 10000)
            guard let scaling = Llama3Scaling(factors: factors, theta: theta, headDim: headDim) else {
                throw WeightsError(
                    .unsupported,
                    "\(file.file.path.quoted): the factors of tensor 'rope_freqs.weight' are not those of "
                        + "Llama 3's rotary positions; use the model's safetensors checkpoint")
            }
            json.member("rope_scaling") { scaling.write(&$0) }
            return
        }
        if let long = try factors(longFactors, file) {
            guard let short = try factors(shortFactors, file) else {
                throw .missing(shortFactors, in: file.file.path, of: file.tensors)
            }
            return try write(long: long, short: short, keys, &json)
        }
        var kind = try keys.values.string(keys.name("rope.scaling.type"), default: "none")
        var factor = try keys.number("rope.scaling.factor", default: 1)
        if keys.has("rope.scale_linear"), kind == "none" {
            (kind, factor) = ("linear", try keys.number("rope.scale_linear"))
        }
        guard kind != "none" else { return }
        let original = try keys.count("rope.scaling.original_context_length", default: 0)
        // The converter writes a tenth of it.
        let mscale = try keys.number("rope.scaling.yarn_log_multiplier", default: 0) * 10
        var numbers: [(String, Double)] = []
        for (name, hubName) in [
            ("attn_factor", "attention_factor"), ("beta_fast", "beta_fast"), ("beta_slow", "beta_slow"),
        ] where keys.has("rope.scaling.yarn_\(name)") {
            numbers.append((hubName, try keys.number("rope.scaling.yarn_\(name)")))
        }
        json.member("rope_scaling") { json in
            json.object { json in
                json.member("rope_type", kind)
                json.member("factor", factor)
                if original > 0 { json.member("original_max_position_embeddings", original) }
                for (name, number) in numbers { json.member(name, number) }
                guard kind == "yarn" else { return }
                for (name, value) in architecture.yarn { json.member(name) { $0.value(value) } }
                guard mscale != 0 else { return }
                json.member("mscale", mscale)
                json.member("mscale_all_dim", mscale)
            }
        }
    }

    /// Refuses another theta for layers with a window, unless the architecture has one.
    private static func requireOneTheta(
        _ keys: GGUFKeys, _ architecture: GGUFArchitecture
    ) throws(WeightsError) {
        let name = "rope.freq_base_swa"
        guard keys.has(name), architecture.keys.contains(where: { $0.name == name && $0.hubName.isEmpty }) else {
            return
        }
        let theta = try keys.number("rope.freq_base", default: 10000)
        guard try keys.number(name) == theta else {
            throw keys.invalid(name, "\(theta), as all layers have the same in this architecture")
        }
    }

    private static func write(
        long: [Float], short: [Float], _ keys: GGUFKeys, _ json: inout JSONWriter
    ) throws(WeightsError) {
        let longest = try keys.count("context_length")
        let original = try keys.count("rope.scaling.original_context_length", default: longest)
        let name = "rope.scaling.attn_factor"
        let amplitude = keys.has(name) ? try keys.number(name) : 1
        json.member("original_max_position_embeddings", original)
        json.member("rope_scaling") { json in
            json.object { json in
                json.member("rope_type", "longrope")
                json.member("attention_factor", amplitude)
                for (name, factors) in [("long_factor", long), ("short_factor", short)] {
                    json.member(name) { json in json.array { json in for factor in factors { json.value(factor) } } }
                }
            }
        }
    }

    /// Tensors that say something about the config.
    static let tensors: Set<String> = [frequencyFactors, longFactors, shortFactors]

    /// What rotary frequencies are divided by.
    static let frequencyFactors = "rope_freqs.weight"
    private static let longFactors = "rope_factors_long.weight"
    private static let shortFactors = "rope_factors_short.weight"

    private static func factors(_ name: String, _ file: GGUFFile) throws(WeightsError) -> [Float]? {
        guard file.contains(name) else { return nil }
        let factors = try file.tensor(named: name)
        guard factors.count <= 1 << 16 else {
            throw .corrupt(file.file.path, "tensor \(name.quoted) has \(factors.count) elements")
        }
        return factors.floats()
    }
}
