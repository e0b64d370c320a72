extension SamplingStep {
    /// Has every later step see the logits divided by the temperature, where it is the same for every row.
    static let temperature = SamplingStep(
        name: "temperature",
        stage: .candidates,
        changesArgmax: false,
        isActive: { context in
            let parameters = context.parameters
            return parameters.temperature != 1 && !parameters.isGreedy && parameters.dynatempRange == 0
        },
        apply: { candidates, context in candidates.setTemperature(context.parameters.temperature) })
}
