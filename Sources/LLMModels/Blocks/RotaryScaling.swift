import Foundation
import LLMWeights

/// How a model's rotary frequencies are made: `rope_theta` and `rope_scaling` of transformers 4, or `rope_parameters`
/// of transformers 5.
package enum RotaryScaling: Sendable, Equatable {
    case none
    /// Positions divided by a factor (Chen et al. 2023).
    case linear(factor: Double)
    /// Llama 3.1's: low frequencies divided by the factor, high ones kept, a ramp between.
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalPositions: Double)
    /// YaRN (Peng et al. 2023).
    case yarn(Yarn)
    /// LongRoPE (Ding et al. 2024).
    case longrope(LongRoPE)

    /// A kind of layers whose rotary parameters are their own.
    package struct Layers: Sendable {
        /// Its name in `rope_parameters` of transformers 5.
        let type: String
        /// The key of its theta in transformers 4.
        var thetaKey = "rope_theta"
        /// Whether `rope_scaling` of transformers 4 is for it.
        let isScaled: Bool

        /// Layers without a window, of a model whose other layers have one.
        static let full = Layers(type: "full_attention", isScaled: true)
    }

    /// Theta and scaling from a config's keys.
    ///
    /// - Parameter layers: the kind of layers whose parameters are wanted, where a config has some for each kind.
    package static func read(
        _ config: ConfigFile, layers: Layers? = nil, defaultTheta: Double = 10000
    ) throws(ModelError) -> (theta: Double, scaling: RotaryScaling) {
        let parameters = try config.object("rope_parameters")
        var own = parameters
        if let layers, let parameters {
            own = try parameters.object(layers.type)
            guard own != nil else { throw parameters.missing(layers.type) }
        }
        // transformers 5 takes the older key where a config has both.
        let older = layers?.isScaled == false ? nil : try config.object("rope_scaling")
        let positive = Double.leastNormalMagnitude...1e12
        let holders = [older, own].compactMap(\.self).prefix(layers == nil ? 1 : 2)
        let theta =
            if let holder = holders.first(where: { $0.has("rope_theta") }) {
                try holder.number("rope_theta", in: positive)
            } else {
                try config.number(layers?.thetaKey ?? "rope_theta", in: positive, default: defaultTheta)
            }
        guard let scaling = holders.first else { return (theta, .none) }
        if let kind = scaling.objectKeys.first {
            throw scaling.unsupported(kind, "all layers have the same rotary positions in this architecture")
        }
        let typeKey = scaling.has("rope_type") ? "rope_type" : "type"
        switch try scaling.string(typeKey, default: "default") {
        // The three positions that `mrope` rotates by (Wang et al. 2024) are one where there is text only.
        case "default", "mrope": return (theta, .none)
        case "dynamic":
            // Theta grows with the text once that is over `max_position_embeddings` (bloc97 and emozilla 2023), which
            // here no text is: what was cached before would be of another theta than what comes after.
            for key in ["alpha", "original_max_position_embeddings"] where scaling.has(key) {
                throw scaling.unsupported(key, "use a model whose dynamic rotary positions have a factor alone")
            }
            _ = try scaling.number("factor", in: 1...1e6)
            return (theta, .none)
        case "linear": return (theta, .linear(factor: try scaling.number("factor", in: 1...1e6)))
        case "llama3":
            let low = try scaling.number("low_freq_factor", in: positive)
            let high = try scaling.number("high_freq_factor", in: positive)
            guard high > low else { throw scaling.invalid("high_freq_factor", "over low_freq_factor, \(low)") }
            return (
                theta,
                .llama3(
                    factor: try scaling.number("factor", in: 1...1e6), lowFrequency: low, highFrequency: high,
                    originalPositions: try originalPositions(config, scaling))
            )
        case "yarn": return (theta, .yarn(try Yarn(config, scaling)))
        case "longrope", "su": return (theta, .longrope(try LongRoPE(config, scaling)))
        default:
            throw scaling.unsupported(
                typeKey, "use a model with default, linear, dynamic, llama3, yarn or longrope rotary positions")
        }
    }

    /// The length that the model was first trained for.
    static func originalPositions(_ config: ConfigFile, _ scaling: ConfigFile) throws(ModelError) -> Double {
        let key = "original_max_position_embeddings"
        let range = 1...1e9
        if config.has(key) { return try config.number(key, in: range) }
        if scaling.has(key) { return try scaling.number(key, in: range) }
        return try config.number("max_position_embeddings", in: range)
    }

    /// Radians a position for each of the `dim / 2` pairs.
    func inverseFrequencies(theta: Double, dim: Int) -> [Float] {
        (0..<dim / 2).map { pair in
            let plain = 1 / pow(theta, Double(2 * pair) / Double(dim))
            switch self {
            case .none: return Float(plain)
            case .linear(let factor): return Float(plain / factor)
            case .llama3(let factor, let low, let high, let original):
                let wavelength = 2 * Double.pi / plain
                if wavelength > original / low { return Float(plain / factor) }
                if wavelength < original / high { return Float(plain) }
                let smooth = (original / wavelength - low) / (high - low)
                return Float((1 - smooth) * plain / factor + smooth * plain)
            case .longrope(let long): return Float(plain / long.factors[pair])
            case .yarn(let yarn): return Float(yarn.inverseFrequency(plain, pair: pair, dim: dim, theta: theta))
            }
        }
    }

    /// What cosines and sines are multiplied by.
    var amplitude: Float {
        switch self {
        case .none, .linear, .llama3: 1
        case .yarn(let yarn): Float(yarn.amplitude)
        case .longrope(let long): Float(long.amplitude)
        }
    }
}

/// YaRN's parameters: pairs that turn often within the original length keep their frequency, slow ones are divided by the
/// factor, a ramp between; attention is sharpened as the length grows.
package struct Yarn: Sendable, Equatable {
    package let factor: Double
    package let originalPositions: Double
    let betaFast: Double
    let betaSlow: Double
    let truncates: Bool
    let amplitude: Double
    /// DeepSeek's `mscale_all_dim`; nil for none.
    let mscaleAllDim: Double?

    init(_ config: ConfigFile, _ scaling: ConfigFile) throws(ModelError) {
        let positive = Double.leastNormalMagnitude...1e6
        factor = try scaling.number("factor", in: 1...1e6)
        originalPositions = try RotaryScaling.originalPositions(config, scaling)
        betaFast = try scaling.number("beta_fast", in: positive, default: 32)
        betaSlow = try scaling.number("beta_slow", in: positive, default: 1)
        truncates = try scaling.flag("truncate", default: true)
        func optional(_ key: String) throws(ModelError) -> Double? {
            guard scaling.has(key) else { return nil }
            let value = try scaling.number(key, in: 0...1e6)
            return value > 0 ? value : nil
        }
        let mscale = try optional("mscale")
        mscaleAllDim = try optional("mscale_all_dim")
        let sharpening =
            if let mscale, let mscaleAllDim {
                Yarn.mscale(factor, mscale) / Yarn.mscale(factor, mscaleAllDim)
            } else {
                Yarn.mscale(factor)
            }
        amplitude = try optional("attention_factor") ?? sharpening
    }

    /// Whether all that is not the usual is the factor and the original length.
    package var isUsual: Bool {
        betaFast == 32 && betaSlow == 1 && truncates && mscaleAllDim == nil && amplitude == Yarn.mscale(factor)
    }

    /// How much the length's growth by `factor` sharpens attention.
    static func mscale(_ factor: Double, _ weight: Double = 1) -> Double {
        factor > 1 ? 0.1 * weight * log(factor) + 1 : 1
    }

    func inverseFrequency(_ plain: Double, pair: Int, dim: Int, theta: Double) -> Double {
        /// The pair that turns so often within the original length.
        func pairTurning(_ turns: Double) -> Double {
            Double(dim) * log(originalPositions / (turns * 2 * Double.pi)) / (2 * log(theta))
        }
        var (low, high) = (pairTurning(betaFast), pairTurning(betaSlow))
        if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        (low, high) = (max(low, 0), min(high, Double(dim - 1)))
        if low == high { high += 0.001 }
        let ramp = min(max((Double(pair) - low) / (high - low), 0), 1)
        return plain / factor * ramp + plain * (1 - ramp)
    }
}
