package import LLMJSON

/// What a GGUF file says of a model's rotary positions.
package enum GGUFRotation: Sendable {
    case plain
    /// `rope.scaling.type` `linear`: positions divided by a factor.
    case linear(factor: Double)
    /// `rope.scaling.type` `yarn`, its other parameters as usual.
    case yarn(factor: Double, original: Double)
    /// The tensor `rope_freqs.weight`.
    case llama3(Llama3Scaling)

    /// The elements of `rope_freqs.weight`; nil where there is no such tensor, or the factors would not be known again.
    package func factors(theta: Double, headDim: Int) -> [Float]? {
        guard case .llama3(let scaling) = self else { return nil }
        let factors = scaling.factors(theta: theta, headDim: headDim)
        return Llama3Scaling(factors: factors, theta: theta, headDim: headDim) == scaling ? factors : nil
    }
}

/// Which layers of a model have a window.
package struct GGUFWindows: Sendable {
    /// Positions that a token sees.
    let length: Int
    /// Of each layer; nil for what the architecture has where a file does not say.
    let marks: [Bool]?

    package init(length: Int, marks: [Bool]?) {
        self.length = length
        self.marks = marks
    }
}

extension GGUFArchitecture {
    /// The name of the tensor of ``GGUFRotation/factors(theta:headDim:)``.
    package static var factorsName: String { GGUFConfig.frequencyFactors }

    /// The architecture's keys for a model; the first is `general.architecture`.
    ///
    /// - Parameters:
    ///   - rotated: elements of a head that are rotated.
    ///   - windows: nil for none.
    ///   - value: the value of a key of the hub's config, with what it means where it is missing; nil where it has none.
    package func metadata<Failure: Error>(
        vocabularySize: Int, headDim: Int, rotated: Int, windows: GGUFWindows?, rotation: GGUFRotation,
        _ value: (_ hubName: String) throws(Failure) -> JSONValue?
    ) throws(Failure) -> [GGUFWriter.Entry] {
        var entries: [GGUFWriter.Entry] = [("general.architecture", .string(name))]
        func add(_ key: String, _ value: GGUFValue) { entries.append(("\(name).\(key)", value)) }
        for key in keys where !GGUFArchitecture.writtenBesides.contains(key.name) {
            var stated = try value(key.name == "feed_forward_length" ? key.hubName.orWidth : key.hubName)
            if case .fixed(let fixed) = key.need { stated = key.isShared ? nil : fixed }
            switch (key.kind, stated) {
            case (.count, .integer(let count)?): add(key.name, .uint32(UInt32(clamping: count)))
            case (.number, .integer(let number)?): add(key.name, .float32(Float(number)))
            case (.number, .number(let number)?): add(key.name, .float32(Float(number)))
            case (.flag, .flag(let flag)?): add(key.name, .bool(flag))
            default: break
            }
        }
        add("attention.value_length", .uint32(UInt32(headDim)))
        add("rope.dimension_count", .uint32(UInt32(rotated)))
        add("vocab_size", .uint32(UInt32(vocabularySize)))
        if let windows {
            add("attention.sliding_window", .uint32(UInt32(windows.length)))
            if let marks = windows.marks { add("attention.sliding_window_pattern", .bools(marks)) }
        }
        func scaled(_ type: String, _ factor: Double) {
            add("rope.scaling.type", .string(type))
            add("rope.scaling.factor", .float32(Float(factor)))
        }
        switch rotation {
        case .plain, .llama3: break
        case .linear(let factor): scaled("linear", factor)
        case .yarn(let factor, let original):
            scaled("yarn", factor)
            add("rope.scaling.original_context_length", .uint32(UInt32(original)))
        }
        return entries
    }

    private static let writtenBesides: Set = ["attention.value_length", "rope.dimension_count", "vocab_size"]
}

extension String {
    /// The key of the width of feed-forward blocks, also where it is not read.
    fileprivate var orWidth: String { isEmpty ? "intermediate_size" : self }
}
