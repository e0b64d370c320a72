import DequeModule
import HeapModule

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

    var pools: BlockPools
    var running: [SequenceState] = []  // by rank; they hold the blocks
    var waiting: Deque<SequenceState> = []  // by rank; they hold no block
    var ranks: [SequenceID: Rank] = [:]  // of every live sequence
    var deadlines: Heap<Deadline> = []  // of live sequences, and of some that have ended since
    var runningPlaces = 0  // the sum of the running sequences' widths
    var waitingTokens = 0  // the sum of the waiting sequences' known tokens
    var nextArrival: UInt64 = 0
    var nextBranch: UInt64 = 1
    var cost = StepCostModel()
    var work = StepWork()  // of the step in flight

    /// A scheduler without sequences, all blocks free.
    public init(_ options: SchedulerOptions) {
        self.init(options, hashBits: 64)
    }

    /// The same with prefixes known by fewer bits of their hash, so that a test can have hashes collide.
    package init(_ options: SchedulerOptions, hashBits: Int) {
        self.options = options
        pools = BlockPools(options, hashBits: hashBits)
    }

    /// Whether no sequence is live.
    public var isEmpty: Bool { ranks.isEmpty }
    /// Sequences that hold blocks and states.
    public var runningCount: Int { running.count }
    /// Sequences that wait for blocks, budget or a place.
    public var waitingCount: Int { waiting.count }
    /// The running sequences, in the order in which they are served. O(count).
    public var runningIDs: [SequenceID] { running.map(\.id) }
    /// The waiting sequences, in the order in which they will run. O(count).
    public var waitingIDs: [SequenceID] { waiting.map(\.id) }
    /// Blocks that no sequence holds, cached ones among them, of all cache groups.
    public var freeBlockCount: Int { pools.total(\.freeCount) }
    /// Blocks that sequences hold, of all cache groups.
    public var usedBlockCount: Int { pools.total(\.usedCount) }
    /// Slots of the blocks that sequences hold, and those of them that a computed token has; blocks and tokens that
    /// several sequences share count once each time they are shared. O(running).
    public var slots: (held: Int, used: Int) {
        var (held, used) = (0, 0)
        for state in running {
            for (group, table) in state.blockTables.enumerated() {
                let behind = pools.blocksBehind(state.computedCount, group)
                held += (table.count - behind) * pools.blockSize
                used += state.computedCount - behind * pools.blockSize
            }
        }
        return (held, used)
    }
    /// Blocks that hold a prefix which a later sequence may begin with, whether a sequence holds them now or not, of
    /// all cache groups.
    public var cachedBlockCount: Int { pools.total(\.cachedCount) }
    /// Blocks that hold such a prefix and that no sequence holds, of all cache groups.
    public var cachedFreeBlockCount: Int { pools.total(\.cachedFreeCount) }
    /// Slots of states that sequences hold.
    public var usedStateSlotCount: Int { pools.states.map { pools.pools[$0].usedCount } ?? 0 }
    /// Slots of states that no sequence holds and that have those after a prefix which a later sequence may begin with.
    public var snapshotCount: Int { pools.states.map { pools.pools[$0].cachedFreeCount } ?? 0 }
    /// The earliest deadline; nil where no sequence has one. It may be that of one that has ended since.
    public var nextDeadline: Int64? { deadlines.min?.nanoseconds }
    /// Nanoseconds that a computed token took lately; nil before the first step.
    public var nanosecondsPerToken: Double? { cost.nanosecondsPerRow }

    /// The live sequence of that id, as it is now; nil when there is none. O(log count).
    public func sequence(_ id: SequenceID) -> SequenceState? {
        guard let rank = ranks[id] else { return nil }
        if let index = running.index(of: rank) { return running[index] }
        return waiting.index(of: rank).map { waiting[$0] }
    }

    /// Forgets every cached prefix. What runs goes on, and what it has computed is not cached any more.
    public mutating func resetPrefixCache() {
        for index in running.indices { running[index].leaveCache(pools: &pools) }
        pools.forgetAll()
    }
}

/// When a sequence is to end.
struct Deadline: Comparable, Sendable {
    let nanoseconds: Int64
    let id: SequenceID

    static func < (one: Deadline, other: Deadline) -> Bool { one.nanoseconds < other.nanoseconds }
}
