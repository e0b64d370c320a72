extension SamplingStep {
    /// Divides the positive logits and multiplies the negative ones of tokens in the prompt or the output.
    ///
    /// Keskar et al., "CTRL", 2019, section 4.1; the two signs as in Hugging Face and vLLM.
    static let repetitionPenalty = SamplingStep(
        name: "repetition_penalty",
        stage: .logits,
        changesArgmax: true,
        state: TokenCounts.self,
        isOn: { $0.repetitionPenalty != 1 },
        apply: { candidates, context in
            let penalty = context.parameters.repetitionPenalty
            for entry in context.history.state(TokenCounts.self)?.entries ?? [] {
                candidates.editLogit(of: entry.id) { $0 > 0 ? $0 / penalty : $0 * penalty }
            }
        })
}
