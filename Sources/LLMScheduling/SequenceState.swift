/// One live sequence: its known tokens, how many of them are computed, and the blocks that hold those.
///
/// Known tokens are the prompt and what was generated; computed ones have their keys and values in the blocks. The
/// last known token yields the next one, so a live sequence always has at least one token to compute.
public struct SequenceState: Sendable {
    /// The caller's name for it.
    public let id: SequenceID
    /// The known tokens: the prompt, then the output. The array is shared, not copied; let go of it before the
    /// next `commit`, which appends to it.
    public private(set) var tokens: [TokenID]
    /// How many of the tokens are the prompt.
    public let promptCount: Int
    /// How many of the tokens are computed.
    public private(set) var computedCount = 0
    /// How many tokens after the computed ones the step in flight computes.
    public private(set) var scheduledCount = 0
    /// How often the sequence lost its blocks and had to start over.
    public private(set) var preemptionCount = 0

    let rank: Rank
    private(set) var table = BlockTable()
    private(set) var finishReason: FinishReason?
    private let lengthLimit: Int  // known tokens at which it ends
    private let minTokens: Int
    private let stopTokens: Set<TokenID>

    init(_ request: SequenceRequest, rank: Rank, lengthLimit: Int) {
        id = request.id
        tokens = request.prompt
        promptCount = request.prompt.count
        minTokens = request.minTokens
        stopTokens = request.stopTokens
        self.rank = rank
        self.lengthLimit = lengthLimit
    }

    /// How many tokens have been generated.
    public var outputCount: Int { tokens.count - promptCount }
    /// The blocks that hold the computed tokens and those of the step in flight, in order.
    public var blockTable: [BlockID] { table.blocks }

    /// Known tokens that are not computed.
    var pendingCount: Int { tokens.count - computedCount }
    /// The tokens of the step in flight.
    var scheduledRange: Range<Int> { computedCount..<computedCount + scheduledCount }
    /// Whether the step in flight reaches the last known token, and so yields the next one.
    var yieldsToken: Bool { scheduledCount == pendingCount }

    /// Takes the next `count` tokens into the step, and the blocks for exactly those.
    mutating func schedule(_ count: Int, pool: inout BlockPool) {
        scheduledCount = count
        table.resize(toCover: computedCount + count, pool: &pool)
    }

    /// The step was computed.
    mutating func advance() {
        computedCount += scheduledCount
        scheduledCount = 0
    }

    /// The step was not computed.
    mutating func rollBack(pool: inout BlockPool) {
        schedule(0, pool: &pool)
    }

    /// Gives up all blocks, and with them what was computed; the known tokens stay.
    mutating func releaseBlocks(to pool: inout BlockPool) {
        computedCount = 0
        rollBack(pool: &pool)
    }

    /// Gives up all blocks, to be computed again later.
    mutating func preempt(pool: inout BlockPool) {
        releaseBlocks(to: &pool)
        preemptionCount += 1
    }

    /// Appends the token that the computed ones yielded, and decides whether it is the last.
    mutating func append(_ token: TokenID) {
        tokens.append(token)
        if outputCount >= minTokens && stopTokens.contains(token) {
            finishReason = .stop
        } else if tokens.count >= lengthLimit {
            finishReason = .length
        }
    }
}
