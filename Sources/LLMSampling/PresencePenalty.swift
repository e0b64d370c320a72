extension SamplingStep {
    /// Subtracts the penalty from the logit of every token in the output, however often it is there.
    static let presencePenalty = SamplingStep(
        name: "presence_penalty",
        stage: .logits,
        changesArgmax: true,
        state: TokenCounts.self,
        isOn: { $0.presencePenalty != 0 },
        apply: { candidates, context in
            let penalty = context.parameters.presencePenalty
            for entry in context.history.state(TokenCounts.self)?.entries ?? [] where entry.outputCount > 0 {
                candidates.editLogit(of: entry.id) { $0 - penalty }
            }
        })
}
