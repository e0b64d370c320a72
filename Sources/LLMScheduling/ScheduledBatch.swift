/// One step's work: what to compute for which sequence.
public struct ScheduledBatch: Sendable {
    /// The sequences of the step.
    public private(set) var sequences: [ScheduledSequence] = []
    /// The tokens to compute, one a row; each sequence's are together, in the order of `sequences`.
    public private(set) var tokens: [TokenID] = []
    /// Blocks to copy, whole, before anything is computed.
    public private(set) var copies: [BlockCopy] = []
    /// The sequences that lost their blocks to make room for this step, in the order in which they did.
    public internal(set) var preempted: [SequenceID] = []
    /// The sequences that begin to run with this step, or begin again.
    public internal(set) var started: [StartedSequence] = []
    /// How many of the sequences need logits, and so a token in `commit`.
    public private(set) var logitsCount = 0
    /// What the step's duration depends on.
    public private(set) var work = StepWork()
    /// That part of the work which belongs to prompts, or to sequences that catch up after a preemption.
    public private(set) var promptWork = StepWork()

    /// A batch of about so many sequences.
    init(reserving count: Int) {
        sequences.reserveCapacity(count)
        tokens.reserveCapacity(count)
    }

    /// Whether there is nothing to compute: no sequence is live.
    public var isEmpty: Bool { sequences.isEmpty }

    /// The tokens to compute for one of the batch's sequences.
    public func tokens(of sequence: ScheduledSequence) -> ArraySlice<TokenID> { tokens[sequence.rows] }

    mutating func append(_ state: SequenceState) {
        let firstRow = tokens.count
        let positions = state.scheduledRange
        let draftCount = state.scheduledDraftCount
        tokens.append(contentsOf: state.tokens[positions.lowerBound..<positions.upperBound - draftCount])
        if draftCount > 0 { tokens.append(contentsOf: state.draft[..<draftCount]) }
        let rows = firstRow..<tokens.count
        let sequence = ScheduledSequence(
            id: state.id, positions: positions, rows: rows, blockTables: state.blockTables,
            states: ScheduledStates(state.slots, positions), needsLogits: state.yieldsToken, draftCount: draftCount,
            promptLogits: state.needsPromptLogits && state.promptStates == nil
                ? firstRow..<firstRow + positions.clamped(to: 0..<state.promptCount - 1).count : firstRow..<firstRow,
            promptStates: state.wantedStates(of: rows), outputIndex: state.outputCount)
        sequences.append(sequence)
        if !state.copies.isEmpty { copies += state.copies }
        let added = state.work(of: positions)
        work = work + added
        if !state.isDecoding { promptWork = promptWork + added }
        if state.yieldsToken { logitsCount += 1 }
    }
}

extension SequenceState {
    /// What computing the next tokens, up to the end of `positions`, adds to a step; those past the known ones are of
    /// the draft.
    func work(of positions: Range<Int>) -> StepWork {
        let outputs = needsPromptLogits ? positions.count : max(0, positions.upperBound - tokens.count + 1)
        return StepWork(positions: positions, outputs: promptStates == nil ? outputs : 0)
    }

    /// Those of the step's `rows` whose hidden states are wanted.
    fileprivate func wantedStates(of rows: Range<Int>) -> Range<Int> {
        switch promptStates {
        case .all: rows
        case .last where reachesEnd: rows.upperBound - 1..<rows.upperBound
        case .last, nil: rows.lowerBound..<rows.lowerBound
        }
    }
}

/// A block whose contents another takes over before the step writes to it.
public struct BlockCopy: Hashable, Sendable {
    /// The cache group that both belong to.
    public let group: Int
    /// The block that is read.
    public let from: BlockID
    /// The block that is written.
    public let to: BlockID
}

/// A sequence that begins to run, or begins again after a preemption.
public struct StartedSequence: Hashable, Sendable {
    /// The sequence.
    public let id: SequenceID
    /// How many of its known tokens were found in the prefix cache.
    public let cachedTokens: Int
    /// Whether it ran before.
    public let isResumed: Bool
}

/// What one step computes for one sequence.
public struct ScheduledSequence: Hashable, Sendable {
    /// The sequence.
    public let id: SequenceID
    /// The range of its tokens to compute, known ones and then the draft's; those before it are computed.
    public let positions: Range<Int>
    /// Where those tokens are in the batch's `tokens`.
    public let rows: Range<Int>
    /// For each cache group the blocks of positions `0 ..< positions.upperBound`, and no more; -1 for a block behind the
    /// group's window, which no row sees.
    public let blockTables: [[BlockID]]
    /// Where the states of recurrent layers are; nil for a model without any.
    public let states: ScheduledStates?
    /// Whether the last known token is computed, whose row yields the sequence's next token; false for a chunk that ends
    /// before, and where the request generates nothing.
    public let needsLogits: Bool
    /// How many of the last rows are of the draft: tentative tokens, each of which yields one more where it is accepted.
    public let draftCount: Int
    /// The rows whose logits tell how probable the next prompt token was; empty unless the request asks for them.
    public let promptLogits: Range<Int>
    /// The rows whose hidden states are wanted, and no logits; empty unless the request asks for them.
    public let promptStates: Range<Int>
    /// The index, in the sequence's output, of the token it yields next.
    public let outputIndex: Int

    /// The rows that yield the sequence's next token, and then those after each token of the draft; empty unless
    /// `needsLogits`.
    public var tokenLogits: Range<Int> {
        needsLogits ? rows.upperBound - 1 - draftCount..<rows.upperBound : rows.upperBound..<rows.upperBound
    }
}
