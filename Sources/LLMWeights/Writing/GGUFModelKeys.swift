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

extension GGUFArchitecture {
    /// The name of the tensor of ``GGUFRotation/factors(theta:headDim:)``.
    package static var factorsName: String { GGUFConfig.frequencyFactors }

    /// The name in GGUF files of a tensor that the hub calls `hubName`; nil for one that they do not have.
    package static func name(ofHubTensor hubName: String) -> String? { llama.tensors.name(ofHubTensor: hubName) }

    /// The architecture's keys for a model; the first is `general.architecture`.
    ///
    /// - Parameters:
    ///   - window: positions that a token sees; nil for all.
    ///   - value: the value of a key of the hub's config, with what it means where it is missing; nil where it has none.
    package func metadata<Failure: Error>(
        vocabularySize: Int, headDim: Int, window: Int?, rotation: GGUFRotation,
        _ value: (_ hubName: String) throws(Failure) -> JSONValue?
    ) throws(Failure) -> [GGUFWriter.Entry] {
        var entries: [GGUFWriter.Entry] = [("general.architecture", .string(name))]
        for key in keys where !key.hubName.isEmpty {
            switch (key.kind, try value(key.hubName)) {
            case (.count, .integer(let count)?): entries.append(("\(name).\(key.name)", .uint32(UInt32(count))))
            case (.number, .integer(let number)?): entries.append(("\(name).\(key.name)", .float32(Float(number))))
            case (.number, .number(let number)?): entries.append(("\(name).\(key.name)", .float32(Float(number))))
            default: break
            }
        }
        entries.append(("\(name).attention.value_length", .uint32(UInt32(headDim))))
        entries.append(("\(name).rope.dimension_count", .uint32(UInt32(headDim))))
        entries.append(("\(name).vocab_size", .uint32(UInt32(vocabularySize))))
        if let window { entries.append(("\(name).attention.sliding_window", .uint32(UInt32(window)))) }
        func scaled(_ type: String, _ factor: Double) {
            entries.append(("\(name).rope.scaling.type", .string(type)))
            entries.append(("\(name).rope.scaling.factor", .float32(Float(factor))))
        }
        switch rotation {
        case .plain, .llama3: break
        case .linear(let factor): scaled("linear", factor)
        case .yarn(let factor, let original):
            scaled("yarn", factor)
            entries.append(("\(name).rope.scaling.original_context_length", .uint32(UInt32(original))))
        }
        return entries
    }
}
