extension SamplingStep {
    /// As temperature, with one that follows the entropy H of the model's distribution:
    /// low + (high - low) × (H / log N)^`dynatemp_exponent`, between low = temperature - `dynatemp_range`, at least
    /// 0.01, and high = temperature + `dynatemp_range`. N counts the tokens that are not masked; with one left, nothing
    /// is done.
    ///
    /// llama.cpp's `temp_ext`, after kalomaze's "dynamic temperature", 2023. There it comes last, and N counts what the
    /// filters left.
    static let dynamicTemperature = SamplingStep(
        name: "dynatemp_range",
        stage: .candidates,
        changesArgmax: false,
        isOn: { $0.dynatempRange > 0 },
        apply: { candidates, context in
            let parameters = context.parameters
            let low = max(SamplingParameters.lowestTemperature, parameters.temperature - parameters.dynatempRange)
            let high = parameters.temperature + parameters.dynatempRange
            let share = candidates.entropyShare()
            let power =
                share > 0
                ? PortableMath.exp(parameters.dynatempExponent * PortableMath.log(share))
                : parameters.dynatempExponent == 0 ? 1 : 0
            candidates.setTemperature(low + (high - low) * power)
        })
}

extension Candidates {
    /// The entropy over the greatest that as many tokens can have, in [0, 1]; 0 for one token.
    fileprivate mutating func entropyShare() -> Double {
        let possible = sum { logits[$0] > -.infinity ? 1 : 0 }
        guard possible > 1 else { return 0 }
        let total = totalWeight()
        let entropy = PortableMath.log(total) - meanRelativeLogit(total: total)
        return max(0, min(1, entropy / PortableMath.log(possible)))
    }
}
