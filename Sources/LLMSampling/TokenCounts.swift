/// Which tokens a sequence has, and how often: all that the penalties need of its history, kept up token by token.
///
/// It belongs to the sequence, not to its blocks, so a preemption leaves it as it is.
public struct TokenCounts: Sendable, Hashable {
    /// One distinct token of the sequence.
    package struct Entry: Sendable, Hashable {
        package let id: TokenID
        package var outputCount: Int
    }

    /// One entry for each distinct token of prompt and output, in order of first appearance.
    package private(set) var entries: [Entry] = []
    private var entryIndex: [TokenID: Int] = [:]
    /// Output tokens so far, which is the index of the next one.
    public private(set) var outputLength = 0

    /// The counts of a sequence that has its prompt and no output; O(prompt). Only the repetition penalty looks at the
    /// prompt.
    public init(prompt: some Sequence<TokenID>) {
        for id in prompt { _ = index(of: id) }
    }

    /// Counts one more output token; O(1).
    public mutating func add(_ output: TokenID) {
        entries[index(of: output)].outputCount += 1
        outputLength += 1
    }

    /// How often `id` is in the output.
    public func outputCount(of id: TokenID) -> Int { entryIndex[id].map { entries[$0].outputCount } ?? 0 }

    private mutating func index(of id: TokenID) -> Int {
        if let index = entryIndex[id] { return index }
        entryIndex[id] = entries.count
        entries.append(Entry(id: id, outputCount: 0))
        return entries.count - 1
    }
}
