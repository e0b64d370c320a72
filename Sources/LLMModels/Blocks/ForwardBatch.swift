import LLMTensor

/// Consecutive tokens of one sequence in a batch, and where its keys and values are.
public struct BatchSequence: Sendable, Hashable {
    /// Rows of the batch.
    public let rows: Range<Int>
    /// Position in the sequence of the first row.
    public let firstPosition: Int
    /// For each group of the cache the blocks that hold the sequence's positions, in order; -1 for one that no row needs.
    public let blockTables: [[Int32]]
    /// Where the states of recurrent layers are read and written; nil where the model has no such layer.
    public let states: SequenceStates?

    /// Rows `rows` of the batch, of which the first is at `firstPosition`.
    public init(
        rows: Range<Int>, firstPosition: Int, blockTables: [[Int32]], states: SequenceStates? = nil
    ) {
        self.rows = rows
        self.firstPosition = firstPosition
        self.blockTables = blockTables
        self.states = states
    }
}

/// Where a step reads and writes the states of a sequence. To go on from another's state, a sequence reads that one's slot
/// and writes its own.
public struct SequenceStates: Sendable, Hashable {
    /// The states after some of a sequence's rows of the step.
    public struct Write: Sendable, Hashable {
        /// How many of its rows come before, at least one.
        public let rows: Int
        /// The slot that gets them.
        public let slot: Int32

        /// The states after the first `rows` rows go to `slot`.
        public init(rows: Int, slot: Int32) {
            self.rows = rows
            self.slot = slot
        }
    }

    /// The slot that the step begins with; nil for the beginning of a text, where all states are zero.
    public let source: Int32?
    /// What is kept, by rising rows; the last is after all of the sequence's rows.
    public let writes: [Write]

    /// - Precondition: the numbers of rows rise from one at least.
    public init(source: Int32?, writes: [Write]) {
        precondition(zip([0] + writes.map(\.rows), writes.map(\.rows)).allSatisfy(<), "writes of states out of order")
        self.source = source
        self.writes = writes
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

    /// How each sequence goes through its states: from one that is kept to the next.
    var stateRuns: [[StateRun]] {
        sequences.map { sequence in
            guard let states = sequence.states, states.writes.last?.rows == sequence.rows.count else {
                preconditionFailure("the states after a sequence's rows are not kept")
            }
            var (row, source) = (sequence.rows.lowerBound, states.source)
            return states.writes.map { write in
                let end = sequence.rows.lowerBound + write.rows
                defer { (row, source) = (end, write.slot) }
                return StateRun(rows: row..<end, source: source, target: write.slot)
            }
        }
    }

    /// The output rows alone, as sequences of one row each, all wanted. States are not for them.
    var outputs: ForwardBatch {
        var sequence = sequences.makeIterator()
        var current = sequence.next()
        let alone = outputRows.enumerated().map { index, row in
            while let passed = current, passed.rows.upperBound <= row { current = sequence.next() }
            return BatchSequence(
                rows: index..<index + 1, firstPosition: Int(positions[row]), blockTables: current?.blockTables ?? [])
        }
        return ForwardBatch(
            tokens: outputRows.map { tokens[$0] }, sequences: alone, outputRows: Array(outputRows.indices),
            blockSize: blockSize)
    }
}
