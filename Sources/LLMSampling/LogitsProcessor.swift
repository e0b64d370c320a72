/// A step of one's own between a row of logits and the token chosen from it; passed with a request.
///
/// Where it runs follows from ``changesArgmax``. One that changes the argmax runs right after `logit_bias`, before the
/// penalties, where vLLM has its own kind; one that does not runs first among the candidate steps, before temperature,
/// and not at all in a greedy request, for which it cannot matter. Those of one request run in the order given.
///
/// ```swift
/// /// Never lets a token follow itself.
/// struct NoImmediateRepeat: LogitsProcessor {
///     let changesArgmax = true
///
///     func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
///         if let last = output.last ?? prompt.last { logits[Int(last)] = -.infinity }
///     }
/// }
/// ```
///
/// The engine keeps its promise of the same tokens for the same request as long as what a processor does depends on its
/// arguments alone: a token is chosen once, but the order in which sequences are sampled is not fixed.
public protocol LogitsProcessor: Sendable {
    /// Whether it can change which token has the highest logit. Where this says no and that is untrue, a greedy request
    /// gives other tokens than temperature 0.01 does.
    var changesArgmax: Bool { get }

    /// Changes the row in place; -infinity rules a token out, NaN counts as -infinity.
    ///
    /// - Parameters:
    ///   - logits: [vocabulary]. Masks and biases that come before it are in it: a masked token has -infinity.
    ///   - prompt: the prompt's tokens.
    ///   - output: the tokens chosen so far.
    /// - Throws: anything; it ends this request, and no other, with the error
    ///   ``SamplingError/Code/processorFailed``.
    func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) throws
}

extension SamplingStep {
    /// Runs the request's processors that can change the argmax.
    static let argmaxProcessors = SamplingStep(
        name: "logits_processors",
        stage: .logits,
        changesArgmax: true,
        isOn: { _ in true },
        apply: { candidates, context throws(SamplingError) in
            guard context.processors.contains(where: \.changesArgmax) else { return }
            try run(context.processors.filter(\.changesArgmax), &candidates, context.history)
        })

    /// Runs the request's processors that cannot.
    static let shapingProcessors = SamplingStep(
        name: "logits_processors",
        stage: .candidates,
        changesArgmax: false,
        isOn: { !$0.isGreedy },
        apply: { candidates, context throws(SamplingError) in
            guard !context.processors.allSatisfy(\.changesArgmax) else { return }
            try run(context.processors.filter { !$0.changesArgmax }, &candidates, context.history)
            guard candidates.findHighest() != nil else { throw .noCandidates }
        })

    private static func run(
        _ processors: [any LogitsProcessor], _ candidates: inout Candidates, _ history: SequenceHistory
    ) throws(SamplingError) {
        try candidates.editRow { row throws(SamplingError) in
            for processor in processors {
                do {
                    try processor.process(&row, prompt: history.prompt, output: history.output)
                } catch {
                    let text = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
                    throw SamplingError(
                        .processorFailed, field: "logits_processors", problem: "\(type(of: processor)) failed: \(text)",
                        remedy: "correct the processor")
                }
            }
        }
    }
}
