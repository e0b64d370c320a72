/// One step's work: what to compute for which sequence.
public struct ScheduledBatch: Sendable {
    /// The sequences of the step, in order of arrival.
    public private(set) var sequences: [ScheduledSequence] = []
    /// The tokens to compute, one a row; each sequence's are together, in the order of `sequences`.
    public private(set) var tokens: [TokenID] = []
    /// The sequences that lost their blocks to make room for this step, in the order in which they did.
    public internal(set) var preempted: [SequenceID] = []
    /// How many of the sequences need logits, and so a token in `commit`.
    public private(set) var logitsCount = 0

    /// Whether there is nothing to compute: no sequence is live.
    public var isEmpty: Bool { sequences.isEmpty }

    /// The tokens to compute for one of the batch's sequences.
    public func tokens(of sequence: ScheduledSequence) -> ArraySlice<TokenID> { tokens[sequence.rows] }

    mutating func append(_ state: SequenceState) {
        let firstRow = tokens.count
        tokens.append(contentsOf: state.tokens[state.scheduledRange])
        sequences.append(
            ScheduledSequence(
                id: state.id, positions: state.scheduledRange, rows: firstRow..<tokens.count,
                blockTable: state.blockTable, needsLogits: state.yieldsToken, outputIndex: state.outputCount))
        if state.yieldsToken { logitsCount += 1 }
    }
}

/// What one step computes for one sequence.
public struct ScheduledSequence: Hashable, Sendable {
    /// The sequence.
    public let id: SequenceID
    /// The range of its known tokens to compute; those before it are computed.
    public let positions: Range<Int>
    /// Where those tokens are in the batch's `tokens`.
    public let rows: Range<Int>
    /// The blocks of positions `0 ..< positions.upperBound`, and no more.
    public let blockTable: [BlockID]
    /// Whether the last row yields the sequence's next token; false for a chunk that ends before the last known one.
    public let needsLogits: Bool
    /// The index, in the sequence's output, of the token it yields next.
    public let outputIndex: Int
}
