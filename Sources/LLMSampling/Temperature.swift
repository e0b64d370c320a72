extension SamplingStep {
    /// Has every later step see the logits divided by the temperature.
    static let temperature = SamplingStep(
        name: "temperature",
        stage: .candidates,
        changesArgmax: false,
        isActive: { $0.parameters.temperature != 1 },
        apply: { candidates, context in candidates.setTemperature(context.parameters.temperature) })
}
