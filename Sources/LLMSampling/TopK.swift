extension SamplingStep {
    /// Keeps the `top_k` highest logits; of equal ones, those of lower id.
    static let topK = SamplingStep(
        name: "top_k",
        stage: .candidates,
        changesArgmax: false,
        isOn: { $0.topK > 0 },
        apply: { candidates, context in candidates.keepHighest(context.parameters.topK) })
}
