extension SamplingStep {
    /// Adds the request's bias to the logits of its tokens.
    static let logitBias = SamplingStep(
        name: "logit_bias",
        stage: .logits,
        changesArgmax: true,
        isOn: { !$0.logitBias.isEmpty },
        apply: { candidates, context in
            for (id, bias) in context.parameters.logitBias { candidates.editLogit(of: id) { $0 + bias } }
        })
}
