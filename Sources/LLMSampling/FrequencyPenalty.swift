extension SamplingStep {
    /// Subtracts the penalty from a token's logit for each time it is in the output.
    static let frequencyPenalty = SamplingStep(
        name: "frequency_penalty",
        stage: .logits,
        changesArgmax: true,
        state: TokenCounts.self,
        isOn: { $0.frequencyPenalty != 0 },
        apply: { candidates, context in
            let penalty = context.parameters.frequencyPenalty
            for entry in context.history.state(TokenCounts.self)?.entries ?? [] where entry.outputCount > 0 {
                candidates.editLogit(of: entry.id) { $0 - penalty * Double(entry.outputCount) }
            }
        })
}
