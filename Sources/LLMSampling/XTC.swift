extension SamplingStep {
    /// With the chance `xtc_probability`, drops every token at least `xtc_threshold` probable but the least probable of
    /// them, of equal ones that of the highest id: "exclude top choices".
    ///
    /// p-e-w, text-generation-webui #6335, 2024. The chance has a draw of its own, ``Draw/xtc``.
    static let xtc = SamplingStep(
        name: "xtc_probability",
        stage: .candidates,
        changesArgmax: true,
        isOn: { $0.xtcProbability > 0 },
        apply: { candidates, context in
            guard context.uniform(.xtc) < context.parameters.xtcProbability else { return }
            candidates.dropTopChoices(threshold: context.parameters.xtcThreshold)
        })
}

extension Candidates {
    fileprivate mutating func dropTopChoices(threshold: Double) {
        let bound = threshold * totalWeight()
        var least = Float.infinity
        var ties = 0
        for index in 0..<count where weights[index] >= bound && weights[index] > 0 {
            if logits[index] < least { (least, ties) = (logits[index], 0) }
            if logits[index] == least { ties += 1 }
        }
        guard ties > 0 else { return }
        keep { logit in
            guard logit == least else { return logit < least }
            ties -= 1
            return ties == 0
        }
    }
}
