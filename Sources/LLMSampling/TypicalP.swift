extension SamplingStep {
    /// Keeps the smallest set of tokens whose probabilities, among the candidates left, reach `typical_p`, those first
    /// whose surprise -log p is nearest to the entropy; of equally near ones, those of lower id. The most probable
    /// token can be among those dropped.
    ///
    /// Meister et al., "Locally typical sampling", 2022.
    static let typicalP = SamplingStep(
        name: "typical_p",
        stage: .candidates,
        changesArgmax: true,
        isOn: { $0.typicalP < 1 },
        apply: { candidates, context in candidates.keepTypical(reaching: context.parameters.typicalP) })
}

extension Candidates {
    /// Parts of a unit of distance from the entropy by which weights are first summed.
    private static let distanceParts = 64.0

    fileprivate mutating func keepTypical(reaching share: Double) {
        let total = totalWeight()
        // Surprise less entropy is the mean relative logit less one's own.
        let typical = meanRelativeLogit(total: total)
        let (highest, inverse) = (highest, 1 / temperature)
        @inline(__always) func distance(_ logit: Float) -> Double {
            abs(LLMSampling.relativeLogit(logit, highest: highest, inverseTemperature: inverse) - typical)
        }
        @inline(__always) func part(_ logit: Float) -> Int {
            Int(min(distance(logit) * Self.distanceParts, Double(histogram.count - 1)))
        }

        for index in histogram.indices { histogram[index] = 0 }
        for index in 0..<count where weights[index] > 0 {
            let part = part(logits[index])
            histogram[part] += weights[index]
        }
        let target = share * total
        var reached = 0.0
        var last = 0
        for part in histogram.indices where histogram[part] > 0 {
            last = part
            if reached + histogram[part] >= target { break }
            reached += histogram[part]
        }

        // Only where the sum crosses the target does the order matter.
        var crossing = (0..<count).filter { weights[$0] > 0 && part(logits[$0]) == last }
        crossing.sort { (distance(logits[$0]), $0) < (distance(logits[$1]), $1) }
        var needed = 0
        while needed < crossing.count && (needed == 0 || reached < target) {
            reached += weights[crossing[needed]]
            needed += 1
        }
        let cut = distance(logits[crossing[needed - 1]])
        var ties = crossing[..<needed].count { distance(logits[$0]) == cut }
        keep { logit in
            let distance = distance(logit)
            guard distance == cut else { return distance < cut }
            ties -= 1
            return ties >= 0
        }
    }
}
