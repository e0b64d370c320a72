extension SamplingStep {
    /// Keeps the tokens whose logits are at most `top_n_sigma` standard deviations below the highest. The deviation is
    /// that of all logits but masked ones; temperature does not change what is kept.
    ///
    /// Tang et al., "Top-nσ: not all logits are you need", 2024.
    static let topNSigma = SamplingStep(
        name: "top_n_sigma",
        stage: .candidates,
        changesArgmax: false,
        isOn: { $0.topNSigma > 0 },
        apply: { candidates, context in
            guard candidates.highest < .infinity else { return }
            let bound = Double(candidates.highest) - context.parameters.topNSigma * candidates.logitDeviation()
            candidates.keepHighest { Double($0) >= bound }
        })
}

extension Candidates {
    /// The standard deviation of the finite logits.
    fileprivate func logitDeviation() -> Double {
        let finite = sum { logits[$0] > -.infinity ? 1 : 0 }
        let mean = sum { logits[$0] > -.infinity ? Double(logits[$0]) : 0 } / finite
        let squares = sum { index in
            let deviation = logits[index] > -.infinity ? Double(logits[index]) - mean : 0
            return deviation * deviation
        }
        return (squares / finite).squareRoot()
    }
}
