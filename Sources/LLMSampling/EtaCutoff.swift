extension SamplingStep {
    /// Keeps the tokens at least min(ε, √ε · exp(-entropy)) probable among the candidates left, where ε is `eta_cutoff`;
    /// where none is, the most probable.
    ///
    /// Hewitt et al., "Truncation sampling as language model desmoothing", 2022, as in transformers' `EtaLogitsWarper`.
    static let etaCutoff = SamplingStep(
        name: "eta_cutoff",
        stage: .candidates,
        changesArgmax: false,
        isOn: { $0.etaCutoff > 0 },
        apply: { candidates, context in
            let total = candidates.totalWeight()
            let logTotal = PortableMath.log(total)
            let entropy = logTotal - candidates.meanRelativeLogit(total: total)
            let logEpsilon = PortableMath.log(context.parameters.etaCutoff)
            candidates.keepBest(orFrom: min(logEpsilon, logEpsilon / 2 - entropy) + logTotal)
        })
}
