extension SamplingStep {
    /// Keeps the `top_k` highest logits; of equal ones, those of lower id.
    static let topK = SamplingStep(
        name: "top_k",
        stage: .candidates,
        changesArgmax: false,
        isActive: { $0.parameters.topK > 0 },
        apply: { candidates, context in candidates.keepHighest(context.parameters.topK) })
}
