/// What a step's duration depends on.
public struct StepWork: Hashable, Sendable {
    /// Tokens computed.
    public var rows = 0
    /// Rows that logits are computed for.
    public var outputs = 0
    /// Earlier tokens, each token itself included, that the rows attend to, all together.
    public var attended = 0

    /// No work.
    public init() {}

    /// The tokens at `positions` of one sequence, `outputs` of them with logits.
    public init(positions: Range<Int>, outputs: Int) {
        rows = positions.count
        self.outputs = outputs
        attended =
            (positions.upperBound * (positions.upperBound + 1) - positions.lowerBound * (positions.lowerBound + 1)) / 2
    }

    /// Both.
    public static func + (one: StepWork, other: StepWork) -> StepWork {
        var sum = one
        sum.rows += other.rows
        sum.outputs += other.outputs
        sum.attended += other.attended
        return sum
    }
}
