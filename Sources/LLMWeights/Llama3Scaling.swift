import Foundation
import LLMJSON

/// Llama 3's scaling of rotary positions, found again from the factors that GGUF files store of it.
package struct Llama3Scaling {
    let factor: Double
    let original: Double
    // What all models of the family have.
    static let low = 1.0
    static let high = 4.0

    package init(factor: Double, original: Double) {
        self.factor = factor
        self.original = original
    }

    /// nil where these are not its factors, to float32's precision.
    init?(factors: [Float], theta: Double, headDim: Int) {
        guard factors.count == headDim / 2, let last = factors.last, last.isFinite, last >= 1 else { return nil }
        let factor = Double(last)
        // A factor on the ramp tells the original length; where there is none, that of Llama 3.1.
        let original = factors.enumerated().first { $1 > 1 && $1 < last }.map { pair, stored in
            let smooth = (1 / Double(stored) - 1 / factor) / (1 - 1 / factor)
            let wavelength = Llama3Scaling.wavelength(pair, theta, headDim)
            return (wavelength * (smooth * (Llama3Scaling.high - Llama3Scaling.low) + Llama3Scaling.low)).rounded()
        }
        self.init(factor: factor, original: original ?? 8192)
        for (stored, expected) in zip(factors, self.factors(theta: theta, headDim: headDim)) {
            guard abs(stored - expected) <= 1e-5 * expected else { return nil }
        }
    }

    /// What the frequency of each pair is divided by.
    func factors(theta: Double, headDim: Int) -> [Float] {
        (0..<headDim / 2).map { Float(divisor(Llama3Scaling.wavelength($0, theta, headDim))) }
    }

    private static func wavelength(_ pair: Int, _ theta: Double, _ headDim: Int) -> Double {
        2 * Double.pi * pow(theta, Double(2 * pair) / Double(headDim))
    }

    private func divisor(_ wavelength: Double) -> Double {
        if wavelength > original / Llama3Scaling.low { return factor }
        if wavelength < original / Llama3Scaling.high { return 1 }
        let smooth = (original / wavelength - Llama3Scaling.low) / (Llama3Scaling.high - Llama3Scaling.low)
        return 1 / ((1 - smooth) / factor + smooth)
    }

    func write(_ json: inout JSONWriter) {
        json.object { json in
            json.member("rope_type", "llama3")
            json.member("factor", factor)
            json.member("low_freq_factor", Llama3Scaling.low)
            json.member("high_freq_factor", Llama3Scaling.high)
            json.member("original_max_position_embeddings", original)
        }
    }
}

extension Llama3Scaling: Equatable {}
