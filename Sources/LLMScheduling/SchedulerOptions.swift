/// The limits a scheduler works within.
public struct SchedulerOptions: Hashable, Sendable {
    /// The block sizes, in tokens, that attention can read.
    public static let blockSizes = [16, 32, 64, 128]

    /// Tokens a KV block holds.
    public let blockSize: Int
    /// KV blocks there are.
    public let blockCount: Int
    /// Sequences that may run at once.
    public let maxNumSeqs: Int
    /// Tokens one step may compute.
    public let maxNumBatchedTokens: Int
    /// Tokens a sequence may have, prompt and output together.
    public let maxModelLength: Int

    /// Checks every value; throws one that names the field, the value and what is allowed.
    public init(
        blockSize: Int, blockCount: Int, maxNumSeqs: Int, maxNumBatchedTokens: Int, maxModelLength: Int
    ) throws(SchedulerOptionError) {
        guard Self.blockSizes.contains(blockSize) else {
            let allowed = Self.blockSizes.map(String.init).joined(separator: ", ")
            throw SchedulerOptionError(field: "block-size", value: blockSize, allowed: "one of \(allowed)")
        }
        try self.init(
            anyBlockSize: blockSize, blockCount: blockCount, maxNumSeqs: maxNumSeqs,
            maxNumBatchedTokens: maxNumBatchedTokens, maxModelLength: maxModelLength)
    }

    /// The same with blocks of any size, so that small spaces can be explored with blocks of one or two tokens.
    package init(
        anyBlockSize blockSize: Int, blockCount: Int, maxNumSeqs: Int, maxNumBatchedTokens: Int, maxModelLength: Int
    ) throws(SchedulerOptionError) {
        let largest = Int(Int32.max)
        try Self.check("block-size", blockSize, 1...128)
        try Self.check("kv-blocks", blockCount, 1...largest)
        try Self.check("max-num-seqs", maxNumSeqs, 1...largest)
        try Self.check("max-num-batched-tokens", maxNumBatchedTokens, 1...largest)
        try Self.check("max-model-len", maxModelLength, 2...largest)  // a prompt token and an output token
        self.blockSize = blockSize
        self.blockCount = blockCount
        self.maxNumSeqs = maxNumSeqs
        self.maxNumBatchedTokens = maxNumBatchedTokens
        self.maxModelLength = maxModelLength
    }

    /// Tokens a sequence may have without a limit of its own: the model's length or the whole pool, the lesser.
    public var maxSequenceLength: Int { min(maxModelLength, blockCount * blockSize) }

    /// Blocks that hold so many tokens.
    func blocks(covering tokenCount: Int) -> Int { (tokenCount + blockSize - 1) / blockSize }

    private static func check(
        _ field: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws(SchedulerOptionError) {
        guard range.contains(value) else {
            throw SchedulerOptionError(
                field: field, value: value, allowed: "from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

/// A scheduler option out of range.
public struct SchedulerOptionError: Error, Hashable, CustomStringConvertible {
    /// The option, as it is spelled on the command line without its dashes.
    public let field: String
    /// The value that was given.
    public let value: Int
    /// What is allowed: "one of …" or "from … to …".
    public let allowed: String

    /// Field, value and what is allowed, in one line.
    public var message: String { "\(field) is \(value); it must be \(allowed)" }
    /// The message.
    public var description: String { message }
}
