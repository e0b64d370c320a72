/// Which tokens a sequence has, and how often: what the penalties need of its history, kept up token by token.
struct TokenCounts: StepState {
    /// One distinct token of the sequence.
    struct Entry: Sendable, Hashable {
        let id: TokenID
        var outputCount: Int
    }

    /// One entry for each distinct token, in order of first appearance.
    private(set) var entries: [Entry] = []
    private var entryIndex: [TokenID: Int] = [:]
    private let promptEntries: Int  // entries of tokens that the prompt has

    /// The counts of a sequence that has no output; O(prompt) where repetition is penalized, the one penalty that looks
    /// at the prompt.
    init?(prompt: [TokenID], _ parameters: ResolvedSampling) {
        let countsPrompt = parameters.repetitionPenalty != 1
        guard countsPrompt || parameters.presencePenalty != 0 || parameters.frequencyPenalty != 0 else { return nil }
        for id in countsPrompt ? prompt : [] where entryIndex[id] == nil {
            entryIndex[id] = entries.count
            entries.append(Entry(id: id, outputCount: 0))
        }
        promptEntries = entries.count
    }

    /// Counts one more output token; O(1).
    mutating func append(_ token: SampledToken) {
        if let index = entryIndex[token.id] {
            entries[index].outputCount += 1
        } else {
            entryIndex[token.id] = entries.count
            entries.append(Entry(id: token.id, outputCount: 1))
        }
    }

    /// Takes counted tokens back; O(tokens).
    mutating func removeLast(_ tokens: ArraySlice<TokenID>) {
        for id in tokens.reversed() {
            guard let index = entryIndex[id] else { continue }
            entries[index].outputCount -= 1
            // A token that nothing before it has was the last to get an entry.
            if entries[index].outputCount == 0 && index >= promptEntries {
                entries.removeLast()
                entryIndex[id] = nil
            }
        }
    }
}
