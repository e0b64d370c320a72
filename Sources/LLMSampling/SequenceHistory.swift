/// What the sampler needs of one sequence: its tokens, and what the request's steps keep of them.
///
/// A value that belongs to the sequence, not to its blocks or to a batch. It changes with ``append(_:)`` and
/// ``rollBack(to:)`` alone, so a preemption, which recomputes keys and values, leaves it as it is. A copy is the history
/// of another sequence that begins alike.
public struct SequenceHistory: Sendable {
    /// The prompt's tokens.
    public let prompt: [TokenID]
    /// The tokens chosen so far; their number is the index of the next one.
    public private(set) var output: [TokenID] = []
    /// What the request's steps keep, in the order of the steps.
    private var states: [any StepState]

    /// The history of a sequence that has its prompt and no output; O(prompt) where the request penalizes repetition,
    /// else O(1).
    public init(prompt: [TokenID], _ parameters: ResolvedSampling) {
        self.prompt = prompt
        states = SamplingStep.states.compactMap { $0.init(prompt: prompt, parameters) }
    }

    /// What the request's steps keep of a type; nil where they keep none.
    package func state<State: StepState>(_ type: State.Type) -> State? {
        for case let state as State in states { return state }
        return nil
    }

    /// Takes the token that the sampler chose for this history.
    public mutating func append(_ token: SampledToken) {
        output.append(token.id)
        for index in states.indices { states[index].append(token) }
    }

    /// Goes back to the history that had `count` output tokens, as if the later ones had never been appended. O(tokens
    /// taken back).
    ///
    /// - Precondition: `count` is from 0 to the number of output tokens.
    public mutating func rollBack(to count: Int) {
        precondition(0...output.count ~= count, "\(count) of \(output.count) tokens")
        for index in states.indices { states[index].removeLast(output[count...]) }
        output.removeLast(output.count - count)
    }
}
