import Foundation
import LLMJSON

/// Llama 3's scaling of rotary positions, found again from the factors that GGUF files store of it.
struct Llama3Scaling {
    let factor: Double
    // What all models of the family have.
    private let low = 1.0
    private let high = 4.0
    private let original = 8192.0

    /// nil where these are not its factors, to float32's precision.
    init?(factors: [Float], theta: Double, headDim: Int) {
        guard factors.count == headDim / 2, let last = factors.last, last.isFinite, last >= 1 else { return nil }
        factor = Double(last)
        for (pair, stored) in factors.enumerated() {
            let expected = self.divisor(ofFrequency: pow(theta, -Double(2 * pair) / Double(headDim)))
            guard abs(Double(stored) - expected) <= 1e-5 * expected else { return nil }
        }
    }

    /// What a frequency is divided by.
    private func divisor(ofFrequency frequency: Double) -> Double {
        let wavelength = 2 * Double.pi / frequency
        if wavelength > original / low { return factor }
        if wavelength < original / high { return 1 }
        let smooth = (original / wavelength - low) / (high - low)
        return 1 / ((1 - smooth) / factor + smooth)
    }

    func write(_ json: inout JSONWriter) {
        json.object { json in
            json.member("rope_type", "llama3")
            json.member("factor", factor)
            json.member("low_freq_factor", low)
            json.member("high_freq_factor", high)
            json.member("original_max_position_embeddings", original)
        }
    }
}
