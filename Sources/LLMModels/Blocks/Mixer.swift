import LLMTensor

/// What mixes the tokens of a sequence in a layer. It works in two parts, so that of the last layer's rows those that
/// nobody asked for end with the first.
protocol Mixer: Sendable {
    /// Writes what later tokens need of all rows to the cache, and returns what the rows themselves go on with,
    /// `[rows, …]`: the queries of attention, or what a recurrent layer has read of its states.
    func project(_ x: Matrix, after norm: Norm?, _ context: ForwardContext) -> Matrix

    /// The mixer's output for what `project` returned of these rows, stored in `y` or added to it, `[rows, hidden]`.
    func mix(_ queries: Matrix, _ rows: BatchRows, into y: Matrix, _ output: LinearOutput, _ context: ForwardContext)
}
