import LLMModels
import LLMTensor
import LLMWeights

/// What a model computes with.
enum Network: Sendable {
    /// Predicts from the tokens before, whose keys and values are cached.
    case decoder(Decoder)
    /// Sees whole texts, and caches nothing.
    case encoder(Encoder)

    /// Builds what a config describes from its tensors.
    init(
        _ config: ConfigFile, _ tensors: any NamedTensors, _ format: LinearFormat, on compute: Compute
    ) throws(ModelError) {
        let architecture = try Architectures.architecture(config)
        self =
            architecture.isEncoder
            ? .encoder(try architecture.loadEncoder(config, tensors, format, on: compute))
            : .decoder(try architecture.load(config, tensors, format, on: compute))
    }

    var dimensions: ModelDimensions {
        switch self {
        case .decoder(let decoder): decoder.dimensions
        case .encoder(let encoder): encoder.dimensions
        }
    }

    var isEncoder: Bool { if case .encoder = self { true } else { false } }

    /// Whether there is an output head that predicts tokens.
    var predictsTokens: Bool {
        if case .decoder(let decoder) = self { decoder.predicts == .tokens } else { false }
    }

    /// Labels that texts are scored with; nil for none.
    var labels: Int? {
        switch self {
        case .encoder(let encoder): return encoder.labels
        case .decoder(let decoder):
            guard case .labels(let count) = decoder.predicts else { return nil }
            return count
        }
    }

    var cacheLayout: CacheLayout {
        switch self {
        case .decoder(let decoder): decoder.cacheLayout
        case .encoder: CacheLayout()
        }
    }

    var linearLayers: [PackedWeights] {
        switch self {
        case .decoder(let decoder): decoder.linearLayers
        case .encoder(let encoder): encoder.linearLayers
        }
    }

    var warnings: [String] {
        switch self {
        case .decoder(let decoder): decoder.warnings
        case .encoder(let encoder): encoder.warnings
        }
    }
}
