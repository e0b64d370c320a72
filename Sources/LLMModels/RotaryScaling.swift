import Foundation

/// How a model's rotary frequencies are made: `rope_theta` and `rope_scaling` of transformers 4, or `rope_parameters`
/// of transformers 5.
enum RotaryScaling: Sendable, Equatable {
    case none
    /// Positions divided by a factor (Chen et al. 2023).
    case linear(factor: Double)
    /// Llama 3.1's: low frequencies divided by the factor, high ones kept, a ramp between.
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalPositions: Double)

    /// Theta and scaling from a config's keys.
    static func read(_ config: ConfigFile) throws(ModelError) -> (theta: Double, scaling: RotaryScaling) {
        let parameters = try config.object("rope_parameters")
        // transformers 5 takes the older key where a config has both.
        let older = try config.object("rope_scaling")
        let scaling = older ?? parameters
        let positive = Double.leastNormalMagnitude...1e12
        let holder = if let scaling, scaling.has("rope_theta") { scaling } else { config }
        let theta = try holder.number("rope_theta", in: positive, default: 10000)
        for holder in [config, scaling].compactMap(\.self) {
            if try holder.number("partial_rotary_factor", in: 0...1, default: 1) != 1 {
                throw holder.unsupported("partial_rotary_factor", "whole heads are rotated in this architecture")
            }
        }
        guard let scaling else { return (theta, .none) }
        if let kind = scaling.objectKeys.first {
            throw scaling.unsupported(kind, "all layers have the same rotary positions in this architecture")
        }
        let typeKey = scaling.has("rope_type") ? "rope_type" : "type"
        switch try scaling.string(typeKey, default: "default") {
        case "default": return (theta, .none)
        case "linear": return (theta, .linear(factor: try scaling.number("factor", in: 1...1e6)))
        case "llama3":
            let low = try scaling.number("low_freq_factor", in: positive)
            let high = try scaling.number("high_freq_factor", in: positive)
            guard high > low else { throw scaling.invalid("high_freq_factor", "over low_freq_factor, \(low)") }
            return (
                theta,
                .llama3(
                    factor: try scaling.number("factor", in: 1...1e6), lowFrequency: low, highFrequency: high,
                    originalPositions: try scaling.number("original_max_position_embeddings", in: 1...1e9))
            )
        default: throw scaling.unsupported(typeKey, "use a model with default, linear or llama3 rotary positions")
        }
    }

    /// Radians a position for each of the `headDim / 2` pairs.
    func inverseFrequencies(theta: Double, headDim: Int) -> [Float] {
        (0..<headDim / 2).map { pair in
            let plain = 1 / pow(theta, Double(2 * pair) / Double(headDim))
            switch self {
            case .none: return Float(plain)
            case .linear(let factor): return Float(plain / factor)
            case .llama3(let factor, let low, let high, let original):
                let wavelength = 2 * Double.pi / plain
                if wavelength > original / low { return Float(plain / factor) }
                if wavelength < original / high { return Float(plain) }
                let smooth = (original / wavelength - low) / (high - low)
                return Float((1 - smooth) * plain / factor + smooth * plain)
            }
        }
    }
}
