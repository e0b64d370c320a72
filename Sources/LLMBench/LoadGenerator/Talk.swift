import LLMGen

/// A conversation of several requests under way: what was said so far, and what comes next.
struct Talk {
    private let conversation: Dataset.Conversation
    private(set) var said: Dataset.Content
    private var turn = 0

    init(_ conversation: Dataset.Conversation) {
        self.conversation = conversation
        said = conversation.turns[0].content
    }

    /// Whether a turn comes after the one that was taken last.
    var hasMore: Bool { turn + 1 < conversation.turns.count }

    /// Takes the next turn, with the answer before it: its text, or, for token ids, as many random ones, as streams bring
    /// no ids.
    mutating func next(after record: RequestRecord, _ configuration: LoadGenerator.Configuration) -> Dataset.Turn? {
        guard hasMore else { return nil }
        turn += 1
        let answer: Dataset.Content
        if case .tokenIDs(let ids) = said {
            var random = LoadRandom(
                seed: configuration.seed, stream: UInt64(record.index) | UInt64(turn) << 40 | 3 << 60)
            let highest = ids.max() ?? 0
            let ids = (0..<record.completionTokens).map { _ in TokenID.random(in: 0...highest, using: &random) }
            answer = .tokenIDs(ids)
        } else {
            answer = .text(record.text ?? "")
        }
        said = said.continued(by: answer, and: conversation.turns[turn].content)
        return conversation.turns[turn]
    }
}
