import Foundation
import LLMWeights

/// LongRoPE (Ding et al. 2024): a factor for each pair, of which a model has two sets, the short ones for texts up to the
/// length it was first trained for and the long ones for texts over it.
///
/// A sequence grows, and what is cached of it was rotated before anybody knew how long it would be. So one set serves a
/// model: the long one where `max_position_embeddings` is over the original length, else the short one. That is vLLM's and
/// llama.cpp's rule too, of the length that they are run with. Texts longer than the original length are as in transformers,
/// which rotates them with the long factors from their first token on. Shorter ones it rotates with the short factors: for
/// these, write the original length as `max_position_embeddings`, and as `attention_factor` in `rope_scaling` what the
/// greater length had made it, the root of 1 + log(length / original) / log(original).
package struct LongRoPE: Sendable, Equatable {
    /// What each pair's frequency is divided by, `[pairs]`.
    let factors: [Double]
    let amplitude: Double
    private let key: String

    init(_ config: ConfigFile, _ scaling: ConfigFile) throws(ModelError) {
        let key = "original_max_position_embeddings"
        guard config.has(key) || scaling.has(key) else { throw config.missing(key) }
        for key in ["short_mscale", "long_mscale"] where scaling.has(key) {
            throw scaling.unsupported(key, "use a model whose rotary positions have one attention factor")
        }
        let original = try RotaryScaling.originalPositions(config, scaling)
        let longest = try config.number("max_position_embeddings", in: 1...1e9)
        let sets = try ["short_factor", "long_factor"].map { name throws(ModelError) in
            (name, try scaling.value(name, .numbers(in: 1e-6...1e6)))
        }
        (self.key, factors) = sets[longest > original ? 1 : 0]
        let growth = try scaling.number("factor", in: 1e-6...1e6, default: longest / original)
        let sharpening = growth > 1 ? (1 + log(growth) / log(original)).squareRoot() : 1
        amplitude = try scaling.number("attention_factor", in: 1e-6...1e6, default: sharpening)
        guard amplitude.isFinite else { throw scaling.invalid(key, "over 1") }
    }

    /// Refuses another number of factors than there are rotated pairs.
    func check(pairs: Int, _ config: ConfigFile) throws(ModelError) {
        guard factors.count == pairs else {
            throw ModelError(
                .invalidConfig,
                "'\(config.path)': \(key) has \(factors.count) factors; there must be one for each rotated pair, \(pairs)"
            )
        }
    }
}
