extension SamplingStep {
    /// Has every later step see the logits divided by the temperature, where it is the same for every row.
    static let temperature = SamplingStep(
        name: "temperature",
        stage: .candidates,
        changesArgmax: false,
        isOn: { $0.temperature != 1 && !$0.isGreedy && $0.dynatempRange == 0 },
        apply: { candidates, context in candidates.setTemperature(context.parameters.temperature) })
}
