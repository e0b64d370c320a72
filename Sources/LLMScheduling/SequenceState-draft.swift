/// Tentative tokens.
extension SequenceState {
    /// Sets the draft of the next step, as far as the length limit can use it: a step yields a token more than it drafts.
    mutating func propose(_ tokens: [TokenID]) {
        guard isDecoding, scheduledCount == 0 else { return }
        draft = Array(tokens.prefix(max(0, remainingCount - 1)))
    }

    /// How many of the committed `tokens` are accepted of the step's draft: those that it has too, up to the first that ends
    /// the sequence, and not the last one. It goes on with the one after them.
    func acceptedCount(of tokens: [TokenID]) -> Int {
        var count = 0
        while count + 1 < tokens.count, count < scheduledDraftCount, tokens[count] == draft[count],
            reasonToEnd(with: tokens[count], at: outputCount + count) == nil
        {
            count += 1
        }
        return count
    }
}
