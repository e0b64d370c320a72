import LLMScheduling
package import LLMTensor

/// How many blocks a cache of keys and values has, how many slots for the states of recurrent layers, and what bounds these
/// numbers.
///
/// Unless the options say how many, there are as many as all sequences that may run at once need at full length, but at
/// most half of the memory that is still available with the model loaded: on the machine, or within the memory limits of
/// the process's control groups (version 1 or 2), whichever leaves less. The other half is for activations, for requests
/// and for whoever else uses the machine. Where a model has states, the sequences' take at most half of that, or three
/// quarters where there are no keys and values, and snapshots of them a quarter.
public struct KVCacheSizing: Sendable, Hashable, CustomStringConvertible {
    /// What bounds the number of blocks.
    public enum Bound: Sendable, Hashable {
        /// The options, which give it.
        case given
        /// The need of so many sequences of so many tokens each, for which there is memory.
        case sequences(Int, tokens: Int)
        /// The memory that was still available, of which the cache takes half.
        case memory(available: ByteCount, isContainer: Bool)
    }

    /// Blocks of the cache; where a model's layers form several groups, of the group that has most. 0 for a model without
    /// attention.
    public let blockCount: Int
    /// Blocks of each group: layers with a window need no more than all sequences' windows take.
    public let groupBlockCounts: [Int]
    /// Slots for states: of sequences that run, and of snapshots that later ones begin with. 0 for a model without
    /// recurrent layers.
    public let stateSlots: Int
    /// Bytes that all take when all of them have been used.
    public let memory: ByteCount
    /// What bounds their number.
    public let bound: Bound
    /// Tokens that a sequence may have, where the cache was not given and has not room for as many; else nil.
    public let unreachedLength: Int?

    /// That of a model which caches nothing. - Throws: ``LLMGenError`` `invalidArgument` for blocks that are given.
    init(empty options: EngineOptions) throws(LLMGenError) {
        guard options.kvBlocks == nil else {
            throw LLMGenError(
                code: .invalidArgument, message: "kv-blocks is given; this model caches nothing, leave it out")
        }
        (blockCount, groupBlockCounts, stateSlots) = (0, [], 0)
        (memory, bound, unreachedLength) = (ByteCount(bytes: 0), .given, nil)
    }

    /// What a group of layers takes.
    package struct GroupCost: Sendable {
        /// Bytes of a block.
        package let blockBytes: Int
        /// Positions that a token sees; nil for all.
        package let window: Int?

        /// A group whose blocks take `blockBytes`.
        package init(blockBytes: Int, window: Int? = nil) {
            self.blockBytes = blockBytes
            self.window = window
        }
    }

    /// The size of the cache that `options` ask for.
    ///
    /// - Parameters:
    ///   - options: their block size, sequences and blocks are within what a scheduler takes.
    ///   - groups: what the groups of the model's layers take.
    ///   - stateBytes: what a sequence's states take; 0 for a model without.
    ///   - maxLength: tokens that a sequence may have.
    ///   - limit: the memory that there is, with the model loaded.
    /// - Throws: ``LLMGenError`` `invalidArgument` where the options contradict each other or the model, or where the blocks
    ///   that they give, or one block, take more than is available.
    package init(
        _ options: EngineOptions, _ groups: [GroupCost], stateBytes: Int = 0, maxLength: Int, limit: MemoryLimit
    ) throws(LLMGenError) {
        guard options.kvBlocks == nil || options.kvCacheMemory == nil else {
            throw LLMGenError(
                code: .invalidArgument, message: "kv-blocks and kv-cache-memory are both given; give one of them")
        }
        guard options.kvBlocks == nil || !groups.isEmpty else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "kv-blocks is given; this model has no attention and so no blocks, give kv-cache-memory")
        }
        let plan = Plan(options, groups, maxLength: maxLength)
        let states = StatePlan(options, bytes: stateBytes, areAlone: groups.isEmpty)
        let oneBlock = plan.bytes(1)
        let share = min(max(options.memoryShare, 0), 1) / 2
        if let kvBlocks = options.kvBlocks {
            let blockBytes = plan.bytes(kvBlocks)
            stateSlots = states.slots(within: Int(Double(max(0, limit.available - blockBytes)) * share))
            try KVCacheSizing.check(KVCacheSizing.sum(blockBytes, stateSlots * stateBytes), limit)
            (blockCount, bound) = (kvBlocks, .given)
        } else if let given = options.kvCacheMemory {
            try KVCacheSizing.check(given.bytes, limit)
            guard given.bytes >= oneBlock + stateBytes else {
                let least =
                    (groups.isEmpty ? [] : ["one block of \(options.blockSize) tokens"])
                    + (stateBytes == 0 ? [] : ["a sequence's states"])
                throw LLMGenError(
                    code: .invalidArgument,
                    message: "kv-cache-memory is \(given), which does not hold \(least.joined(separator: " and ")); "
                        + "give at least \(ByteCount(bytes: oneBlock + stateBytes))")
            }
            stateSlots = states.slots(within: given.bytes - oneBlock)
            (blockCount, bound) = (plan.blocks(within: given.bytes - stateSlots * stateBytes), .given)
        } else {
            try KVCacheSizing.check(oneBlock + stateBytes, limit)
            let budget = Int(Double(limit.available) * share)
            stateSlots = states.slots(within: budget - oneBlock)
            let affordable = plan.blocks(within: budget - stateSlots * stateBytes)
            if plan.all <= affordable, stateSlots == states.all {
                (blockCount, bound) = (plan.all, .sequences(options.maxNumSeqs, tokens: maxLength))
            } else {
                blockCount = affordable
                bound = .memory(available: ByteCount(bytes: limit.available), isContainer: limit.isContainer)
            }
        }
        groupBlockCounts = groups.indices.map { [blockCount] in plan.count($0, blockCount) }
        memory = ByteCount(bytes: plan.bytes(blockCount) + stateSlots * stateBytes)
        unreachedLength = bound != .given && blockCount < plan.leastOfSequence ? maxLength : nil
    }

    /// The amount, and in a few words what bounds it: "512.0 MiB, half of the 1.0 GiB this container has left".
    public var description: String {
        var parts = ["\(memory)"]
        switch bound {
        case .given: break
        case .sequences(let count, let tokens):
            parts.append("room for \(count) sequence\(count == 1 ? "" : "s") of \(tokens) tokens")
        case .memory(let available, let isContainer):
            parts.append("half of the \(available) this \(isContainer ? "container" : "machine") has left")
        }
        if let unreachedLength { parts.append("less than one sequence of \(unreachedLength) tokens") }
        return parts.joined(separator: ", ")
    }

    static func sum(_ one: Int, _ other: Int) -> Int {
        let (sum, overflow) = one.addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    private static func check(_ bytes: Int, _ limit: MemoryLimit) throws(LLMGenError) {
        guard bytes > limit.available else { return }
        let holder = limit.isContainer ? "container" : "machine"
        throw LLMGenError(
            code: .invalidArgument,
            message: "the KV cache would take at least \(ByteCount(bytes: bytes)); this \(holder) has "
                + "\(ByteCount(bytes: limit.available)) left of \(ByteCount(bytes: limit.total)), "
                + "give kv-cache-memory or kv-blocks below that")
    }
}
