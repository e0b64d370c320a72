import LLMGen

/// Prompts of random token ids, so that their lengths are exact whatever the tokenizer.
///
/// A length with a range ratio r is uniform from ⌊(1 − r) · length⌋, at least 1, to ⌈(1 + r) · length⌉, as in vLLM's
/// `random` dataset.
public struct RandomPrompts: Sendable, Hashable {
    /// Token ids of a turn, after the prefix.
    public var inputLength = 128
    /// Most tokens to generate for a turn.
    public var outputLength = 128
    /// How far input and output lengths spread, 0 to 1.
    public var rangeRatio = 0.0
    /// Token ids that prompts begin with, before those of their own.
    public var prefixLength = 0
    /// Different prefixes, which the prompts have in turn.
    public var prefixCount = 1
    /// Requests of a conversation.
    public var turns = 1
    /// Seconds from an answer to the next request of its conversation.
    public var thinkSeconds = 0.0
    /// Ids are below this.
    public var vocabularySize = 1000
    /// What fixes the prompts.
    public var seed: UInt64 = 0

    /// Prompts of 128 ids.
    public init() {}

    /// Ids that all prefixes have together at most.
    static let prefixLimit = 100_000_000

    func validate() throws(LLMGenError) {
        try BenchOption.check("input-len", inputLength, 1...10_000_000)
        try BenchOption.check("output-len", outputLength, 1...10_000_000)
        try BenchOption.check("shared-prefix-len", prefixLength, 0...10_000_000)
        try BenchOption.check("num-prefixes", prefixCount, 1...1_000_000)
        try BenchOption.check("turns", turns, 1...10_000)
        try BenchOption.check("vocab-size", vocabularySize, 1...Int(Int32.max))
        try BenchOption.check("range-ratio", rangeRatio, (0...1).contains(rangeRatio), "from 0 to 1")
        try BenchOption.check("think-time", thinkSeconds, (0...1e6).contains(thinkSeconds), "0s to 1000000s")
        guard prefixCount * prefixLength <= Self.prefixLimit else {
            throw LLMGenError(
                code: .invalidArgument,
                message:
                    "num-prefixes times shared-prefix-len is \(prefixCount * prefixLength); it must be at most "
                    + "\(Self.prefixLimit)")
        }
    }

    var summary: String {
        func spread(_ length: Int) -> String {
            let range = range(length)
            return rangeRatio == 0 ? "\(length)" : "\(range.lowerBound) to \(range.upperBound)"
        }
        var text = "random ids, \(spread(inputLength)) in, \(spread(outputLength)) out"
        if prefixLength > 0 {
            text += ", after \(prefixCount == 1 ? "a prefix" : "one of \(prefixCount) prefixes") of \(prefixLength)"
        }
        return turns > 1 ? text + ", \(turns) turns" : text
    }

    func prefix(_ number: Int) -> [TokenID] {
        var random = LoadRandom(seed: seed, stream: 1 << 63 | UInt64(number))
        return ids(prefixLength, &random)
    }

    func conversation(_ index: Int, isWarmUp: Bool, _ prefix: [TokenID]) -> Dataset.Conversation {
        var random = LoadRandom(seed: seed, stream: UInt64(index) | (isWarmUp ? 1 << 62 : 0))
        return Dataset.Conversation(
            (0..<turns).map { turn in
                let own = ids(Int.random(in: range(inputLength), using: &random), &random)
                let output = Int.random(in: range(outputLength), using: &random)
                return Dataset.Turn(
                    .tokenIDs(turn == 0 ? prefix + own : own), outputTokens: output, thinkSeconds: thinkSeconds)
            })
    }

    private func range(_ length: Int) -> ClosedRange<Int> {
        let low = (Double(length) * (1 - rangeRatio)).rounded(.down)
        let high = (Double(length) * (1 + rangeRatio)).rounded(.up)
        return max(1, Int(low))...max(1, Int(high))
    }

    private func ids(_ count: Int, _ random: inout LoadRandom) -> [TokenID] {
        (0..<count).map { _ in TokenID.random(in: 0..<TokenID(vocabularySize), using: &random) }
    }
}
