extension SamplingStep {
    /// Masks EOS and the stop tokens until the output has `min_tokens` tokens.
    static let minTokens = SamplingStep(
        name: "min_tokens",
        stage: .logits,
        changesArgmax: true,
        isActive: { $0.history.output.count < $0.parameters.minTokens },
        apply: { candidates, context in
            for id in context.parameters.maskedTokenIDs { candidates.mask(id) }
        })
}
