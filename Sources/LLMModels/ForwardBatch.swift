public import LLMTensor

/// The tokens of one step, flattened: rows of several sequences after one another.
public struct ForwardBatch: Sendable {
    /// `[rows]`
    public let tokens: [Int32]
    /// The position of each row in its sequence, `[rows]`.
    public let positions: [Int32]
    /// Where each row's keys and values go: block times block size plus offset, `[rows]`.
    public let slots: [Int]
    /// The sequences' rows, in order and without gaps.
    public let sequences: [AttentionSequence]
    /// Rows whose hidden states or logits are wanted, in rising order.
    public let outputRows: [Int]
    /// The output rows alone, as sequences of one row each, numbered from 0.
    public let outputSequences: [AttentionSequence]

    /// - Precondition: the sequences cover the tokens in order, and the output rows are among them.
    public init(tokens: [Int32], sequences: [AttentionSequence], outputRows: [Int], blockSize: Int) {
        var positions: [Int32] = []
        var slots: [Int] = []
        positions.reserveCapacity(tokens.count)
        slots.reserveCapacity(tokens.count)
        for sequence in sequences {
            precondition(sequence.rows.lowerBound == positions.count, "sequences must follow one another")
            for position in sequence.firstPosition..<sequence.firstPosition + sequence.rows.count {
                positions.append(Int32(position))
                slots.append(Int(sequence.blockTable[position / blockSize]) * blockSize + position % blockSize)
            }
        }
        precondition(positions.count == tokens.count, "\(positions.count) rows for \(tokens.count) tokens")
        precondition(outputRows.allSatisfy { $0 >= 0 && $0 < tokens.count }, "an output row outside the batch")
        precondition(zip(outputRows, outputRows.dropFirst()).allSatisfy(<), "output rows out of order")
        var sequence = sequences.makeIterator()
        var current = sequence.next()
        outputSequences = outputRows.enumerated().map { index, row in
            while let passed = current, passed.rows.upperBound <= row { current = sequence.next() }
            return AttentionSequence(
                rows: index..<index + 1, firstPosition: Int(positions[row]), blockTable: current?.blockTable ?? [])
        }
        self.tokens = tokens
        self.positions = positions
        self.slots = slots
        self.sequences = sequences
        self.outputRows = outputRows
    }
}
