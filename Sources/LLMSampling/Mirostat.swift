extension SamplingStep {
    /// Keeps the tokens whose surprise, -log2 of the probability among the candidates left, is at most the sequence's
    /// mu; where none is, the most probable one.
    ///
    /// Basu et al., "Mirostat", 2021, algorithm 2, as in llama.cpp's `mirostat_v2`.
    static let mirostat = SamplingStep(
        name: "mirostat",
        stage: .candidates,
        changesArgmax: false,
        isActive: \.parameters.usesMirostat,
        apply: { candidates, context in candidates.keep(surprisesTo: context.history.mirostatMu) })
}

/// What mirostat learns from the tokens that are drawn.
enum Mirostat {
    /// mu before the first token: twice the surprise aimed at.
    static func firstMu(tau: Double) -> Double { 2 * tau }

    /// mu after a token that had the share `probability` of what was kept.
    static func mu(after mu: Double, probability: Double, _ parameters: ResolvedSampling) -> Double {
        let surprise = -PortableMath.log(probability) / PortableMath.log(2)
        return mu - parameters.mirostatEta * (surprise - parameters.mirostatTau)
    }
}

extension Candidates {
    fileprivate mutating func keep(surprisesTo mu: Double) {
        let bound = PortableMath.log(totalWeight()) - mu * PortableMath.log(2)
        // A filter may have dropped the highest logit of the row.
        var best = -Float.infinity
        for index in 0..<count where logits[index] > best { best = logits[index] }
        if relativeLogit(best) < bound {
            keepHighest(1)
        } else {
            keep(relativeLogitsFrom: bound)
        }
    }
}
