import LLMScheduling
package import LLMTensor

/// How many blocks a cache of keys and values has, and what bounds their number.
///
/// Unless the options say how many, there are as many as all sequences that may run at once need at full length, but at
/// most half of the memory that is still available with the model loaded: on the machine, or within the memory limits of
/// the process's control groups (version 1 or 2), whichever leaves less. The other half is for activations, for requests
/// and for whoever else uses the machine.
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

    /// Blocks of the cache; where a model's layers form several groups, of the group that has most.
    public let blockCount: Int
    /// Blocks of each group: layers with a window need no more than all sequences' windows take.
    public let groupBlockCounts: [Int]
    /// Bytes that they take when all of them have been used.
    public let memory: ByteCount
    /// What bounds their number.
    public let bound: Bound
    /// Tokens that a sequence may have, where the cache was not given and has not room for as many; else nil.
    public let unreachedLength: Int?

    /// That of a model which caches nothing.
    init() {
        (blockCount, groupBlockCounts, memory, bound, unreachedLength) = (0, [], ByteCount(bytes: 0), .given, nil)
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
    ///   - maxLength: tokens that a sequence may have.
    ///   - limit: the memory that there is, with the model loaded.
    /// - Throws: ``LLMGenError`` `invalidArgument` where the options contradict each other, or where the blocks that they
    ///   give, or one block, take more than is available.
    package init(
        _ options: EngineOptions, _ groups: [GroupCost], maxLength: Int, limit: MemoryLimit
    ) throws(LLMGenError) {
        guard options.kvBlocks == nil || options.kvCacheMemory == nil else {
            throw LLMGenError(
                code: .invalidArgument, message: "kv-blocks and kv-cache-memory are both given; give one of them")
        }
        let plan = Plan(options, groups, maxLength: maxLength)
        let oneBlock = plan.bytes(1)
        if let kvBlocks = options.kvBlocks {
            try KVCacheSizing.check(plan.bytes(kvBlocks), limit)
            (blockCount, bound) = (kvBlocks, .given)
        } else if let given = options.kvCacheMemory {
            try KVCacheSizing.check(given.bytes, limit)
            guard given.bytes >= oneBlock else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message: "kv-cache-memory is \(given); one block of \(options.blockSize) tokens takes "
                        + "\(ByteCount(bytes: oneBlock)), give at least that")
            }
            (blockCount, bound) = (plan.blocks(within: given.bytes), .given)
        } else {
            try KVCacheSizing.check(oneBlock, limit)
            let share = Double(limit.available / 2) * min(max(options.memoryShare, 0), 1)
            let affordable = plan.blocks(within: Int(share))
            if plan.all <= affordable {
                (blockCount, bound) = (plan.all, .sequences(options.maxNumSeqs, tokens: maxLength))
            } else {
                blockCount = affordable
                bound = .memory(available: ByteCount(bytes: limit.available), isContainer: limit.isContainer)
            }
        }
        groupBlockCounts = groups.indices.map { [blockCount] in plan.count($0, blockCount) }
        memory = ByteCount(bytes: plan.bytes(blockCount))
        unreachedLength = bound != .given && blockCount < plan.leastOfSequence ? maxLength : nil
    }

    /// How many blocks each group has for so many of the largest, and what they take.
    private struct Plan {
        private let groups: [GroupCost]
        private let most: [Int]  // of each group; more are of no use
        /// Blocks for all sequences at full length.
        let all: Int
        /// Blocks that a sequence at full length needs at least.
        let leastOfSequence: Int

        init(_ options: EngineOptions, _ groups: [GroupCost], maxLength: Int) {
            self.groups = groups
            func ofSequence(_ group: GroupCost) -> Int {
                CacheGroup.blocks(
                    perSequence: maxLength, window: group.window, chunk: 1, blockSize: options.blockSize)
            }
            // A step's tokens are on top of the windows, whoever's they are.
            let step = (options.maxNumBatchedTokens + options.blockSize - 1) / options.blockSize
            most = groups.map { group in
                guard group.window != nil else { return Int(Int32.max) }
                let (windows, overflow) = ofSequence(group).multipliedReportingOverflow(by: options.maxNumSeqs)
                return overflow ? Int(Int32.max) : min(windows + step, Int(Int32.max))
            }
            leastOfSequence = groups.map(ofSequence).max() ?? 1
            all =
                zip(groups, most).map { group, most in
                    let (blocks, overflow) = ofSequence(group).multipliedReportingOverflow(by: options.maxNumSeqs)
                    return overflow ? Int.max : group.window == nil ? blocks : most
                }.max() ?? 1
        }

        /// Blocks of a group where the largest has `blockCount`.
        func count(_ index: Int, _ blockCount: Int) -> Int { min(blockCount, most[index]) }

        /// Bytes of all groups; `Int.max` where they are more.
        func bytes(_ blockCount: Int) -> Int {
            groups.indices.reduce(0) { sum, index in
                let (bytes, overflow) = groups[index].blockBytes
                    .multipliedReportingOverflow(by: count(index, blockCount))
                let (total, above) = sum.addingReportingOverflow(bytes)
                return overflow || above ? .max : total
            }
        }

        /// The most blocks, one at least, that take no more than `limit` bytes.
        func blocks(within limit: Int) -> Int {
            var (fits, tooMany) = (1, min(Int(Int32.max), most.max() ?? 1) + 1)
            while tooMany - fits > 1 {
                let middle = (fits + tooMany) / 2
                if bytes(middle) <= limit { fits = middle } else { tooMany = middle }
            }
            return fits
        }
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
