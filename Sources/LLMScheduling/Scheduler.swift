import DequeModule

/// Decides, step by step, which tokens of which sequences are computed and in which KV blocks.
///
/// There is no prefill phase and no decode phase. A sequence has known tokens and computed ones, and every step lets
/// the computed ones catch up within its token budget:
///
///     let batch = scheduler.schedule()
///     let tokens = compute(batch)               // a token for each sequence that needs logits
///     let events = scheduler.commit(tokens)
///
/// The scheduler is a value and its decisions are a function of the calls made on it. `docs/scheduling.md` walks
/// through an example.
public struct Scheduler: Sendable {
    /// The limits it works within.
    public let options: SchedulerOptions
    /// Counts since the start.
    public internal(set) var totals = SchedulerTotals()

    var pool: BlockPool
    var running: [SequenceState] = []  // by rank; they hold the blocks
    var waiting: Deque<SequenceState> = []  // by rank, all after the running ones; they hold no block
    var ranks: [SequenceID: Rank] = [:]  // of every live sequence
    var nextArrival: UInt64 = 0

    /// A scheduler without sequences, all blocks free.
    public init(_ options: SchedulerOptions) {
        self.options = options
        pool = BlockPool(blockCount: options.blockCount, blockSize: options.blockSize)
    }

    /// Whether no sequence is live.
    public var isEmpty: Bool { ranks.isEmpty }
    /// Sequences that hold blocks.
    public var runningCount: Int { running.count }
    /// Sequences that wait for blocks, budget or a place.
    public var waitingCount: Int { waiting.count }
    /// The running sequences, in order of arrival. O(count).
    public var runningIDs: [SequenceID] { running.map(\.id) }
    /// The waiting sequences, in the order in which they will run. O(count).
    public var waitingIDs: [SequenceID] { waiting.map(\.id) }
    /// Blocks nobody holds.
    public var freeBlockCount: Int { pool.freeCount }
    /// Blocks sequences hold.
    public var usedBlockCount: Int { pool.usedCount }

    /// The live sequence of that id, as it is now; nil when there is none. O(log count).
    public func sequence(_ id: SequenceID) -> SequenceState? {
        guard let rank = ranks[id] else { return nil }
        if let index = running.index(of: rank) { return running[index] }
        return waiting.index(of: rank).map { waiting[$0] }
    }
}

/// What a scheduler has done since its start.
public struct SchedulerTotals: Hashable, Sendable {
    /// Sequences admitted.
    public internal(set) var admitted = 0
    /// Sequences ended, for whatever reason.
    public internal(set) var finished = 0
    /// Times a sequence lost its blocks to an earlier one.
    public internal(set) var preemptions = 0
    /// Tokens computed, those computed again included.
    public internal(set) var computedTokens = 0
    /// Computed tokens that preemption threw away.
    public internal(set) var discardedTokens = 0
}
