extension SamplingStep {
    /// Keeps the smallest set of most probable tokens whose probabilities, among the candidates left, reach `top_p`;
    /// of equally probable ones, those of lower id.
    ///
    /// Holtzman et al., "The curious case of neural text degeneration", 2020.
    static let topP = SamplingStep(
        name: "top_p",
        stage: .candidates,
        changesArgmax: false,
        isOn: { $0.topP < 1 },
        apply: { candidates, context in
            // With 0 the most probable token is needed all the same.
            candidates.keepHighest(reaching: max(context.parameters.topP, .leastNonzeroMagnitude))
        })
}
