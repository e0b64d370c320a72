extension SamplingStep {
    /// Keeps the tokens whose probability is at least `min_p` times that of the most probable token.
    ///
    /// Nguyen et al., "Turning up the heat: min-p sampling", 2024.
    static let minP = SamplingStep(
        name: "min_p",
        stage: .candidates,
        changesArgmax: false,
        isOn: { $0.minP > 0 },
        apply: { candidates, context in
            candidates.keep(relativeLogitsFrom: PortableMath.log(context.parameters.minP))
        })
}
