/// What a sampling step keeps of one sequence from token to token: a value, so that a copy of the sequence's history has
/// its own.
///
/// A step names its type as ``SamplingStep/state``, and finds the sequence's value with
/// ``SequenceHistory/state(_:)``. Steps that name the same type share one value.
package protocol StepState: Sendable {
    /// The state of a sequence that has its prompt and no output; nil where these parameters need none.
    init?(prompt: [TokenID], _ parameters: ResolvedSampling)

    /// Takes the next token of the output.
    mutating func append(_ token: SampledToken)

    /// Forgets the last tokens of the output, given in its order: the state is as if they had never been appended.
    mutating func removeLast(_ tokens: ArraySlice<TokenID>)
}

extension SamplingStep {
    /// The types of state that the steps keep, in the order of the first step that keeps each.
    static let states: [any StepState.Type] = order.reduce(into: []) { types, step in
        guard let state = step.state, !types.contains(where: { $0 == state }) else { return }
        types.append(state)
    }
}
