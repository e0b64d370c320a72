import LLMScheduling

/// A model without weights that keeps its state in pages as a real one does, and whose next token depends on every
/// known token of the sequence. A wrong block table, a lost or a shared block, a skipped token: each changes its text.
struct PagedToyModel {
    static let vocabulary: UInt64 = 20
    private var pages: [UInt64]  // [blockCount * blockSize]
    private let blockSize: Int

    init(_ options: SchedulerOptions) {
        pages = Array(repeating: 0, count: options.blockCount * options.blockSize)
        blockSize = options.blockSize
    }

    /// Computes a batch: first all sequences write their slots, then those that need logits read their context.
    mutating func compute(_ batch: ScheduledBatch) -> [SequenceID: TokenID] {
        for sequence in batch.sequences {
            for (position, token) in zip(sequence.positions, batch.tokens(of: sequence)) {
                let before = position == 0 ? 0 : pages[slot(position - 1, in: sequence.blockTable)]
                pages[slot(position, in: sequence.blockTable)] = Self.state(after: token, at: position, before: before)
            }
        }
        var tokens: [SequenceID: TokenID] = [:]
        for sequence in batch.sequences where sequence.needsLogits {
            let context = (0..<sequence.positions.upperBound).map { pages[slot($0, in: sequence.blockTable)] }
            tokens[sequence.id] = Self.nextToken(context)
        }
        return tokens
    }

    /// What the request yields when it runs alone, with all the blocks it likes.
    static func alone(_ request: SequenceRequest, lengthLimit: Int) -> (output: [TokenID], reason: FinishReason) {
        let limit = request.maxTokens ?? lengthLimit - request.prompt.count
        var context: [UInt64] = []
        var output: [TokenID] = []
        for token in request.prompt { append(token, to: &context) }
        while true {
            let token = nextToken(context)
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

    private static func nextToken(_ context: [UInt64]) -> TokenID {
        TokenID(context.reduce(0) { mix($0 ^ $1) } % vocabulary)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = (value ^ (value >> 31)) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 29)) &* 0xBF58_476D_1CE4_E5B9
        return z ^ (z >> 32)
    }

    private func slot(_ position: Int, in blockTable: [BlockID]) -> Int {
        Int(blockTable[position / blockSize]) * blockSize + position % blockSize
    }
}
