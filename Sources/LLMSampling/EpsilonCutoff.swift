extension SamplingStep {
    /// Keeps the tokens at least `epsilon_cutoff` probable among the candidates left; where none is, the most probable.
    ///
    /// Hewitt et al., "Truncation sampling as language model desmoothing", 2022, as in transformers'
    /// `EpsilonLogitsWarper`.
    static let epsilonCutoff = SamplingStep(
        name: "epsilon_cutoff",
        stage: .candidates,
        changesArgmax: false,
        isOn: { $0.epsilonCutoff > 0 },
        apply: { candidates, context in
            let total = candidates.totalWeight()
            candidates.keepBest(orFrom: PortableMath.log(context.parameters.epsilonCutoff) + PortableMath.log(total))
        })
}
