import LLMTensor

/// Consecutive tokens of one sequence in a batch, and where its keys and values are.
public struct BatchSequence: Sendable, Hashable {
    /// Rows of the batch.
    public let rows: Range<Int>
    /// Position in the sequence of the first row.
    public let firstPosition: Int
    /// For each group of the cache the blocks that hold the sequence's positions, in order; -1 for one that no row needs.
    public let blockTables: [[Int32]]

    /// Rows `rows` of the batch, of which the first is at `firstPosition`.
    public init(rows: Range<Int>, firstPosition: Int, blockTables: [[Int32]]) {
        self.rows = rows
        self.firstPosition = firstPosition
        self.blockTables = blockTables
    }
}

/// The tokens of one step, flattened: rows of several sequences after one another.
public struct ForwardBatch: Sendable {
    /// `[rows]`
    public let tokens: [Int32]
    /// The position of each row in its sequence, `[rows]`.
    public let positions: [Int32]
    /// The sequences' rows, in order and without gaps.
    public let sequences: [BatchSequence]
    /// Rows whose hidden states or logits are wanted, in rising order.
    public let outputRows: [Int]
    private let blockSize: Int

    /// - Precondition: the sequences cover the tokens in order, and the output rows are among them.
    public init(tokens: [Int32], sequences: [BatchSequence], outputRows: [Int], blockSize: Int) {
        var positions: [Int32] = []
        positions.reserveCapacity(tokens.count)
        for sequence in sequences {
            precondition(sequence.rows.lowerBound == positions.count, "sequences must follow one another")
            for position in sequence.firstPosition..<sequence.firstPosition + sequence.rows.count {
                positions.append(Int32(position))
            }
        }
        precondition(positions.count == tokens.count, "\(positions.count) rows for \(tokens.count) tokens")
        precondition(outputRows.allSatisfy { $0 >= 0 && $0 < tokens.count }, "an output row outside the batch")
        precondition(zip(outputRows, outputRows.dropFirst()).allSatisfy(<), "output rows out of order")
        self.tokens = tokens
        self.positions = positions
        self.sequences = sequences
        self.outputRows = outputRows
        self.blockSize = blockSize
    }

    /// Where each row's keys and values go in a group: block times block size plus offset, `[rows]`.
    func slots(_ group: Int) -> [Int] {
        var slots: [Int] = []
        slots.reserveCapacity(tokens.count)
        for sequence in sequences {
            let table = sequence.blockTables[group]
            for position in sequence.firstPosition..<sequence.firstPosition + sequence.rows.count {
                slots.append(Int(table[position / blockSize]) * blockSize + position % blockSize)
            }
        }
        return slots
    }

    /// The sequences with their blocks of a group.
    func attention(_ group: Int) -> [AttentionSequence] {
        sequences.map {
            AttentionSequence(rows: $0.rows, firstPosition: $0.firstPosition, blockTable: $0.blockTables[group])
        }
    }

    /// The output rows alone, as sequences of one row each, numbered from 0.
    func outputAttention(_ group: Int) -> [AttentionSequence] {
        var sequence = sequences.makeIterator()
        var current = sequence.next()
        return outputRows.enumerated().map { index, row in
            while let passed = current, passed.rows.upperBound <= row { current = sequence.next() }
            return AttentionSequence(
                rows: index..<index + 1, firstPosition: Int(positions[row]),
                blockTable: current?.blockTables[group] ?? [])
        }
    }
}
