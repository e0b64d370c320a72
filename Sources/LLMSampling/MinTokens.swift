extension SamplingStep {
    /// Masks EOS and the stop tokens until the output has `min_tokens` tokens; ``outputFormat`` does where there is a mask.
    static let minTokens = SamplingStep(
        name: "min_tokens",
        stage: .logits,
        changesArgmax: true,
        isOn: { $0.minTokens > 0 },
        apply: { candidates, context in
            guard context.mask == nil, context.history.output.count < context.parameters.minTokens else { return }
            for id in context.parameters.maskedTokenIDs { candidates.mask(id) }
        })
}
