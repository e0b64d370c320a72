/// Which tokens a sequence has, and how often: what the penalties need of its history, kept up token by token.
struct TokenCounts: Sendable, Hashable {
    /// One distinct token of the sequence.
    struct Entry: Sendable, Hashable {
        let id: TokenID
        var outputCount: Int
    }

    /// One entry for each distinct token, in order of first appearance.
    private(set) var entries: [Entry] = []
    private var entryIndex: [TokenID: Int] = [:]

    /// The counts of a sequence that has no output; O(prompt).
    init(prompt: [TokenID]) {
        for id in prompt { _ = index(of: id) }
    }

    /// Counts one more output token; O(1).
    mutating func add(_ output: TokenID) { entries[index(of: output)].outputCount += 1 }

    private mutating func index(of id: TokenID) -> Int {
        if let index = entryIndex[id] { return index }
        entryIndex[id] = entries.count
        entries.append(Entry(id: id, outputCount: 0))
        return entries.count - 1
    }
}
