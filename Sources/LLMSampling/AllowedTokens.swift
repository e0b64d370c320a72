extension SamplingStep {
    /// Masks every token that is not in `allowed_token_ids`.
    static let allowedTokens = SamplingStep(
        name: "allowed_token_ids",
        stage: .logits,
        changesArgmax: true,
        isOn: { $0.allowedTokenIDs != nil },
        apply: { candidates, context in candidates.maskAll(but: context.parameters.allowedTokenIDs ?? []) })
}
