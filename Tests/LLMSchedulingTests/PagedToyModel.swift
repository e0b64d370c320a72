import LLMScheduling

/// A model without weights that keeps its state in pages as a real one does, and whose next token depends on every
/// known token of the sequence. A wrong block table, a lost or an overwritten block, a skipped token, a copy that was
/// not made: each changes its text.
struct PagedToyModel {
    static let vocabulary: UInt64 = 20
    private var pages: [UInt64]  // [blockCount * blockSize]
    private let blockSize: Int

    init(_ options: SchedulerOptions) {
        pages = Array(repeating: 0, count: options.blockCount * options.blockSize)
        blockSize = options.blockSize
    }

    /// Computes a batch: first the copies, then all sequences write their slots, then those that need logits read their
    /// context. A sequence's logits are a number here.
    mutating func logits(_ batch: ScheduledBatch) -> [SequenceID: UInt64] {
        for copy in batch.copies {
            for offset in 0..<blockSize {
                pages[Int(copy.to) * blockSize + offset] = pages[Int(copy.from) * blockSize + offset]
            }
        }
        for sequence in batch.sequences {
            for (position, token) in zip(sequence.positions, batch.tokens(of: sequence)) {
                let before = position == 0 ? 0 : pages[slot(position - 1, in: sequence.blockTable)]
                pages[slot(position, in: sequence.blockTable)] = Self.state(after: token, at: position, before: before)
            }
        }
        var logits: [SequenceID: UInt64] = [:]
        for sequence in batch.sequences where sequence.needsLogits {
            let context = (0..<sequence.positions.upperBound).map { pages[slot($0, in: sequence.blockTable)] }
            logits[sequence.id] = Self.logits(context)
        }
        return logits
    }

    /// The states that a batch just computed has for those that want them, by position.
    func states(_ batch: ScheduledBatch) -> [SequenceID: [Int: UInt64]] {
        var states: [SequenceID: [Int: UInt64]] = [:]
        for sequence in batch.sequences {
            for row in sequence.promptStates {
                let position = sequence.positions.lowerBound + row - sequence.rows.lowerBound
                states[sequence.id, default: [:]][position] = pages[slot(position, in: sequence.blockTable)]
            }
        }
        return states
    }

    /// The states that a request wants, computed alone, by position.
    static func statesAlone(_ request: SequenceRequest) -> [Int: UInt64] {
        var context: [UInt64] = []
        for token in request.prompt { append(token, to: &context) }
        let last = context.count - 1
        switch request.promptStates {
        case .all: return Dictionary(uniqueKeysWithValues: context.enumerated().map { ($0, $1) })
        case .last: return [last: context[last]]
        case nil: return [:]
        }
    }

    /// The tokens of a batch whose sequences have no samples.
    mutating func compute(_ batch: ScheduledBatch) -> [SequenceID: TokenID] {
        logits(batch).mapValues { Self.token($0, sample: 0) }
    }

    /// The token that a sample draws.
    static func token(_ logits: UInt64, sample: Int) -> TokenID {
        TokenID(mix(logits &+ UInt64(sample)) % vocabulary)
    }

    /// What a sample of the request yields when it runs alone, with all the blocks it likes.
    static func alone(
        _ request: SequenceRequest, sample: Int = 0, lengthLimit: Int
    ) -> (output: [TokenID], reason: FinishReason) {
        guard request.promptStates == nil else { return ([], .stop) }
        let limit = request.maxTokens ?? lengthLimit - request.prompt.count
        var context: [UInt64] = []
        var output: [TokenID] = []
        for token in request.prompt { append(token, to: &context) }
        while true {
            let token = token(logits(context), sample: sample)
            output.append(token)
            if output.count >= request.minTokens && request.stopTokens.contains(token) { return (output, .stop) }
            if output.count == limit { return (output, .length) }
            append(token, to: &context)
        }
    }

    private static func append(_ token: TokenID, to context: inout [UInt64]) {
        context.append(state(after: token, at: context.count, before: context.last ?? 0))
    }

    private static func state(after token: TokenID, at position: Int, before: UInt64) -> UInt64 {
        mix(mix(before &+ UInt64(token) &+ 1) &+ UInt64(position))
    }

    private static func logits(_ context: [UInt64]) -> UInt64 { context.reduce(0) { mix($0 ^ $1) } }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = (value ^ (value >> 31)) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 29)) &* 0xBF58_476D_1CE4_E5B9
        return z ^ (z >> 32)
    }

    private func slot(_ position: Int, in blockTable: [BlockID]) -> Int {
        Int(blockTable[position / blockSize]) * blockSize + position % blockSize
    }
}
