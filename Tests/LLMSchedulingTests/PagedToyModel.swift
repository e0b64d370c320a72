import LLMScheduling

/// A model without weights that keeps its state in pages as a real one does, one set of pages for each cache group, and
/// whose next token depends on everything that its queries see. A wrong block table, a lost or an overwritten block, a
/// skipped token, a copy that was not made, a block behind the window that was needed, a slot with the state after other
/// tokens: each changes its text.
///
/// A position's state is made of its token and of the state before it, which is read from the pages of the first group
/// that sees two positions at least; all groups store it. Where there are slots for the states of recurrent layers, these
/// have the same, and it is read from there in the place of that group. So each state stands for its whole prefix, and the
/// logits of a row are made of all states that it sees, group by group.
struct PagedToyModel {
    static let vocabulary: UInt64 = 20
    private var pages: [[UInt64]]  // [groups][blockCount * blockSize]
    private var slots: [UInt64]  // [stateSlots]
    private var rowStates: [UInt64] = []  // of the last batch
    private let groups: [CacheGroup]
    private let chain: Int  // the group that a state's predecessor is read from
    private let blockSize: Int

    init(_ options: SchedulerOptions) {
        groups = options.groups
        blockSize = options.blockSize
        chain = groups.firstIndex { $0.window ?? 2 >= 2 } ?? 0
        pages = groups.map { Array(repeating: 0, count: $0.blockCount * options.blockSize) }
        slots = Array(repeating: 0, count: options.stateSlots)
    }

    /// Computes a batch: first the copies, then all sequences write their slots, then the rows that yield tokens read
    /// what they see. The logits of a row are a number here; a sequence has one for each of its `tokenLogits`.
    mutating func logits(_ batch: ScheduledBatch) -> [SequenceID: [UInt64]] {
        for copy in batch.copies {
            for offset in 0..<blockSize {
                pages[copy.group][Int(copy.to) * blockSize + offset] =
                    pages[copy.group][Int(copy.from) * blockSize + offset]
            }
        }
        rowStates = []
        for sequence in batch.sequences {
            var recurrent = sequence.states?.source.map { slots[Int($0)] } ?? 0
            for (row, (position, token)) in zip(sequence.positions, batch.tokens(of: sequence)).enumerated() {
                var before = recurrent
                if slots.isEmpty { before = position == 0 ? 0 : state(position - 1, of: sequence, chain) }
                recurrent = Self.state(after: token, at: position, before: before)
                for group in groups.indices { pages[group][slot(position, of: sequence, group)] = recurrent }
                rowStates.append(recurrent)
                for write in sequence.states?.writes ?? [] where write.rows == row + 1 {
                    slots[Int(write.slot)] = recurrent
                }
            }
        }
        var logits: [SequenceID: [UInt64]] = [:]
        for sequence in batch.sequences where sequence.needsLogits {
            logits[sequence.id] = sequence.tokenLogits.map { row in
                let position = sequence.positions.lowerBound + row - sequence.rows.lowerBound
                let recurrent = slots.isEmpty ? 0 : rowStates[row]
                return Self.logits(at: position, groups, recurrent: recurrent) { state($0, of: sequence, $1) }
            }
        }
        return logits
    }

    /// The states that a batch just computed has for those that want them, by position.
    func states(_ batch: ScheduledBatch) -> [SequenceID: [Int: UInt64]] {
        var states: [SequenceID: [Int: UInt64]] = [:]
        for sequence in batch.sequences {
            for row in sequence.promptStates {
                let position = sequence.positions.lowerBound + row - sequence.rows.lowerBound
                states[sequence.id, default: [:]][position] =
                    groups.isEmpty ? rowStates[row] : state(position, of: sequence, chain)
            }
        }
        return states
    }

    /// The tokens of a batch whose sequences have no samples and no drafts.
    mutating func compute(_ batch: ScheduledBatch) -> [SequenceID: TokenID] {
        logits(batch).mapValues { Self.token($0[0], sample: 0) }
    }

    /// The token that a sample draws.
    static func token(_ logits: UInt64, sample: Int) -> TokenID {
        TokenID(mix(logits &+ UInt64(sample)) % vocabulary)
    }

    private func state(_ position: Int, of sequence: ScheduledSequence, _ group: Int) -> UInt64 {
        pages[group][slot(position, of: sequence, group)]
    }

    private func slot(_ position: Int, of sequence: ScheduledSequence, _ group: Int) -> Int {
        let block = Int(sequence.blockTables[group][position / blockSize])
        precondition(block >= 0, "\(sequence.id) needs position \(position) of group \(group), which is absent")
        return block * blockSize + position % blockSize
    }

    private static func state(after token: TokenID, at position: Int, before: UInt64) -> UInt64 {
        mix(mix(before &+ UInt64(token) &+ 1) &+ UInt64(position))
    }

    private static func logits(
        at position: Int, _ groups: [CacheGroup], recurrent: UInt64, state: (Int, Int) -> UInt64
    ) -> UInt64 {
        var logits = recurrent
        for (group, layers) in groups.enumerated() {
            let first = layers.window.map { max(0, position - $0 + 1) } ?? 0
            for seen in first...position { logits = mix(logits ^ state(seen, group)) }
        }
        return logits
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = (value ^ (value >> 31)) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 29)) &* 0xBF58_476D_1CE4_E5B9
        return z ^ (z >> 32)
    }
}

/// What a request yields when it runs alone, with all the blocks it likes.
extension PagedToyModel {
    /// The output of one of the request's samples.
    static func alone(
        _ request: SequenceRequest, sample: Int = 0, _ options: SchedulerOptions
    ) -> (output: [TokenID], reason: FinishReason) {
        guard request.promptStates == nil else { return ([], .stop) }
        let limit = request.maxTokens ?? options.maxSequenceLength - request.prompt.count
        var context = states(request.prompt)
        var output: [TokenID] = []
        while true {
            let token = token(
                logits(
                    at: context.count - 1, options.groups,
                    recurrent: options.stateSlots > 0 ? context[context.count - 1] : 0
                ) { position, _ in context[position] }, sample: sample)
            output.append(token)
            if output.count >= request.minTokens && request.stopTokens.contains(token) { return (output, .stop) }
            if output.count == limit { return (output, .length) }
            append(token, to: &context)
        }
    }

    /// The states that it wants, by position.
    static func statesAlone(_ request: SequenceRequest) -> [Int: UInt64] {
        let context = states(request.prompt)
        let last = context.count - 1
        switch request.promptStates {
        case .all: return Dictionary(uniqueKeysWithValues: context.enumerated().map { ($0, $1) })
        case .last: return [last: context[last]]
        case nil: return [:]
        }
    }

    private static func states(_ tokens: [TokenID]) -> [UInt64] {
        var context: [UInt64] = []
        for token in tokens { append(token, to: &context) }
        return context
    }

    private static func append(_ token: TokenID, to context: inout [UInt64]) {
        context.append(state(after: token, at: context.count, before: context.last ?? 0))
    }
}
