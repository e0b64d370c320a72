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

    /// Blocks of the cache.
    public let blockCount: Int
    /// Bytes that they take when all of them have been used.
    public let memory: ByteCount
    /// What bounds their number.
    public let bound: Bound
    /// Tokens that a sequence may have, where the cache was not given and has not room for as many; else nil.
    public let unreachedLength: Int?

    /// The size of the cache that `options` ask for, where a block takes `blockBytes`.
    ///
    /// - Parameters:
    ///   - options: their block size, sequences and blocks are within what a scheduler takes.
    ///   - maxLength: tokens that a sequence may have.
    ///   - limit: the memory that there is, with the model loaded.
    /// - Throws: ``LLMGenError`` `invalidArgument` where the options contradict each other, or where the blocks that they
    ///   give, or one block, take more than is available.
    package init(
        _ options: EngineOptions, blockBytes: Int, maxLength: Int, limit: MemoryLimit
    ) throws(LLMGenError) {
        guard options.kvBlocks == nil || options.kvCacheMemory == nil else {
            throw LLMGenError(
                code: .invalidArgument, message: "kv-blocks and kv-cache-memory are both given; give one of them")
        }
        let blockSize = options.blockSize
        let blocksOfSequence = (maxLength + blockSize - 1) / blockSize
        if let kvBlocks = options.kvBlocks {
            let (bytes, overflow) = kvBlocks.multipliedReportingOverflow(by: blockBytes)
            try KVCacheSizing.check(overflow ? Int.max : bytes, limit)
            (blockCount, bound) = (kvBlocks, .given)
        } else if let given = options.kvCacheMemory {
            try KVCacheSizing.check(given.bytes, limit)
            guard given.bytes >= blockBytes else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message: "kv-cache-memory is \(given); one block of \(blockSize) tokens takes "
                        + "\(ByteCount(bytes: blockBytes)), give at least that")
            }
            (blockCount, bound) = (given.bytes / blockBytes, .given)
        } else {
            try KVCacheSizing.check(blockBytes, limit)
            let (all, overflow) = blocksOfSequence.multipliedReportingOverflow(by: options.maxNumSeqs)
            let share = Double(limit.available / 2) * min(max(options.memoryShare, 0), 1)
            let affordable = min(max(1, Int(share) / blockBytes), Int(Int32.max))
            if !overflow, all <= affordable {
                (blockCount, bound) = (all, .sequences(options.maxNumSeqs, tokens: maxLength))
            } else {
                blockCount = affordable
                bound = .memory(available: ByteCount(bytes: limit.available), isContainer: limit.isContainer)
            }
        }
        memory = ByteCount(bytes: blockCount * blockBytes)
        unreachedLength = bound != .given && blockCount < blocksOfSequence ? maxLength : nil
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
