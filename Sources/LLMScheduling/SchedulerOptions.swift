/// The limits a scheduler works within.
public struct SchedulerOptions: Hashable, Sendable {
    /// The block sizes, in tokens, that attention can read.
    public static let blockSizes = [16, 32, 64, 128]

    /// Tokens a KV block holds, the same in every cache group.
    public let blockSize: Int
    /// The model's cache groups; none for a model that caches no keys and values.
    public let groups: [CacheGroup]
    /// Slots of the states of recurrent layers: of sequences that run, and of snapshots that later ones may begin with. 0
    /// for a model without such layers.
    public let stateSlots: Int
    /// Sequences that may run at once.
    public let maxNumSeqs: Int
    /// Tokens one step may compute.
    public let maxNumBatchedTokens: Int
    /// Tokens a sequence may have, prompt and output together.
    public let maxModelLength: Int
    /// Whether full blocks are kept for later sequences that begin alike.
    public var prefixCaching = true
    /// Whether a sequence's known tokens are computed in one step, for a model whose tokens see those after them. A step
    /// then has no other beside a sequence of more tokens than its budget.
    public var computesWhole = false
    /// Who is served first.
    public var policy = SchedulingPolicy.fcfs
    /// Tokens that `maxModelLength` could be raised to, for messages; at first that itself.
    public var longestModelLength: Int
    /// The bound on the time between two tokens of a sequence, in nanoseconds: prompts are computed in chunks that keep
    /// steps within it. Nil for none.
    public private(set) var targetITL: Int64?
    /// Requests that may wait, besides those that there are places for; nil for any number.
    public private(set) var maxQueuedRequests: Int?
    /// Tokens that these may have together; nil for any number.
    public private(set) var maxQueuedTokens: Int?

    /// Prompt tokens that a step computes at least, whatever `targetITL` says, where a prompt is there to compute.
    public static let leastPromptTokens = 16

    /// Bounds the time between two tokens, in nanoseconds. - Throws: where the bound is not at least a microsecond.
    public mutating func setTargetITL(_ nanoseconds: Int64) throws(SchedulerOptionError) {
        try Self.check("target-itl", Int(nanoseconds), 1000...Int(Int32.max) * 1000, unit: " ns")
        targetITL = nanoseconds
    }

    /// Bounds the line by requests, by tokens or both. - Throws: for a bound below 1.
    public mutating func boundQueue(requests: Int?, tokens: Int?) throws(SchedulerOptionError) {
        if let requests { try Self.check("max-queued-requests", requests, 1...Int(Int32.max)) }
        if let tokens { try Self.check("max-queued-tokens", tokens, 1...Int(Int32.max)) }
        maxQueuedRequests = requests
        maxQueuedTokens = tokens
    }

    /// Checks every value; throws one that names the field, the value and what is allowed.
    public init(
        blockSize: Int, groups: [CacheGroup], stateSlots: Int = 0, maxNumSeqs: Int, maxNumBatchedTokens: Int,
        maxModelLength: Int
    ) throws(SchedulerOptionError) {
        guard Self.blockSizes.contains(blockSize) else {
            let allowed = Self.blockSizes.map(String.init).joined(separator: ", ")
            throw SchedulerOptionError(field: "block-size", value: blockSize, allowed: "one of \(allowed)")
        }
        try self.init(
            anyBlockSize: blockSize, groups: groups, stateSlots: stateSlots, maxNumSeqs: maxNumSeqs,
            maxNumBatchedTokens: maxNumBatchedTokens, maxModelLength: maxModelLength)
    }

    /// The same for a model whose layers all have full attention, and so one group of `blockCount` blocks.
    public init(
        blockSize: Int, blockCount: Int, maxNumSeqs: Int, maxNumBatchedTokens: Int, maxModelLength: Int
    ) throws(SchedulerOptionError) {
        try self.init(
            blockSize: blockSize, groups: [CacheGroup(blockCount: blockCount)], maxNumSeqs: maxNumSeqs,
            maxNumBatchedTokens: maxNumBatchedTokens, maxModelLength: maxModelLength)
    }

    /// The same with blocks of any size, so that small spaces can be explored with blocks of one or two tokens.
    package init(
        anyBlockSize blockSize: Int, groups: [CacheGroup], stateSlots: Int = 0, maxNumSeqs: Int,
        maxNumBatchedTokens: Int, maxModelLength: Int
    ) throws(SchedulerOptionError) {
        let largest = Int(Int32.max)
        try Self.check("block-size", blockSize, 1...128)
        try Self.check("state-slots", stateSlots, 0...largest)
        try Self.check("cache-groups", groups.count, 0...largest)
        for group in groups {
            try Self.check("kv-blocks", group.blockCount, 1...largest)
            if let window = group.window { try Self.check("sliding-window", window, 1...largest) }
        }
        try Self.check("max-num-seqs", maxNumSeqs, 1...largest)
        try Self.check("max-num-batched-tokens", maxNumBatchedTokens, 1...largest)
        try Self.check("max-model-len", maxModelLength, 2...largest)  // a prompt token and an output token
        self.blockSize = blockSize
        self.groups = groups
        self.stateSlots = stateSlots
        self.maxNumSeqs = maxNumSeqs
        self.maxNumBatchedTokens = maxNumBatchedTokens
        self.maxModelLength = maxModelLength
        longestModelLength = maxModelLength
    }

    /// KV blocks there are, of all cache groups.
    public var blockCount: Int { groups.reduce(0) { $0 + $1.blockCount } }
    /// Tokens a sequence may have without a limit of its own: the model's length or what all blocks hold, the lesser.
    public var maxSequenceLength: Int { min(maxModelLength, poolCapacity) }

    /// The group whose blocks bound the length of a sequence most; nil where there are none.
    var scarcestGroup: CacheGroup? {
        groups.min { $0.capacity(blockSize: blockSize) < $1.capacity(blockSize: blockSize) }
    }
    /// Tokens that all blocks hold of one sequence.
    var poolCapacity: Int { scarcestGroup?.capacity(blockSize: blockSize) ?? .max }

    /// Blocks of one group that hold so many tokens.
    func blocks(covering tokenCount: Int) -> Int { (tokenCount + blockSize - 1) / blockSize }

    private static func check(
        _ field: String, _ value: Int, _ range: ClosedRange<Int>, unit: String = ""
    ) throws(SchedulerOptionError) {
        guard range.contains(value) else {
            throw SchedulerOptionError(
                field: field, value: value, allowed: "from \(range.lowerBound) to \(range.upperBound)\(unit)")
        }
    }
}
