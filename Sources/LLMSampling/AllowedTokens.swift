extension SamplingStep {
    /// Masks every token that is not in `allowed_token_ids`.
    static let allowedTokens = SamplingStep(
        name: "allowed_token_ids",
        stage: .logits,
        changesArgmax: true,
        isActive: { $0.parameters.allowedTokenIDs != nil },
        apply: { candidates, context in candidates.maskAll(but: context.parameters.allowedTokenIDs ?? []) })
}
