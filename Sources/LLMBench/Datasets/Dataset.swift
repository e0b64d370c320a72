public import LLMGen

/// What a load asks for: conversations by their number, most of them of one turn.
///
/// A dataset with a seed gives the same conversation for the same number, whoever asks and when.
public struct Dataset: Sendable {
    /// What a turn adds to its conversation.
    public enum Content: Sendable, Hashable {
        /// Token ids, used as they are.
        case tokenIDs([TokenID])
        /// A text.
        case text(String)
        /// Messages of a chat.
        case messages([Message])
    }

    /// A message of a chat.
    public struct Message: Sendable, Hashable {
        /// Who speaks, such as `user`.
        public let role: String
        /// What is said.
        public let content: String

        /// A message.
        public init(role: String, content: String) {
            self.role = role
            self.content = content
        }
    }

    /// One request of a conversation.
    public struct Turn: Sendable, Hashable {
        /// What is new in it; what was said before goes before it.
        public let content: Content
        /// Most tokens to generate.
        public let outputTokens: Int
        /// Seconds from the end of the answer before to this request; of a first turn without meaning.
        public let thinkSeconds: Double

        /// A turn.
        public init(_ content: Content, outputTokens: Int, thinkSeconds: Double = 0) {
            self.content = content
            self.outputTokens = outputTokens
            self.thinkSeconds = thinkSeconds
        }
    }

    /// Requests that follow each other, each with all that was said before.
    public struct Conversation: Sendable, Hashable {
        /// The requests, at least one.
        public let turns: [Turn]
        /// Seconds from the start of the load to the first request, where the data has times.
        public let arrivalSeconds: Double?

        /// A conversation.
        public init(_ turns: [Turn], arrivalSeconds: Double? = nil) {
            self.turns = turns
            self.arrivalSeconds = arrivalSeconds
        }
    }

    private enum Source: Sendable {
        case random(RandomPrompts, prefixes: [[TokenID]])
        case listed([Conversation])
        case trace(Trace)
    }

    private let source: Source
    /// What the data is, in a few words.
    public let summary: String

    /// Prompts of 128 random token ids.
    public init() {
        source = .random(RandomPrompts(), prefixes: [[]])
        summary = RandomPrompts().summary
    }

    /// Random token ids.
    ///
    /// - Throws: ``LLMGenError`` `invalidArgument` for a length out of its range.
    public init(_ prompts: RandomPrompts) throws(LLMGenError) {
        try prompts.validate()
        source = .random(prompts, prefixes: (0..<prompts.prefixCount).map { prompts.prefix($0) })
        summary = prompts.summary
    }

    /// Conversations that are taken in turn.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput` where there is none.
    public init(_ conversations: [Conversation], summary: String) throws(LLMGenError) {
        guard !conversations.isEmpty, conversations.allSatisfy({ !$0.turns.isEmpty }) else {
            throw LLMGenError(code: .invalidInput, message: "\(summary) has no prompt; give at least one")
        }
        source = .listed(conversations)
        self.summary = summary
    }

    /// Texts that are taken in turn.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput` where there is none.
    public init(texts: [String], outputLength: Int = 128) throws(LLMGenError) {
        try self.init(
            texts.map { Conversation([Turn(.text($0), outputTokens: outputLength)]) },
            summary: texts.count == 1 ? "one text" : "\(texts.count) texts")
    }

    /// Requests with times, whose prompts are made of blocks that may repeat.
    init(_ trace: Trace, summary: String) {
        source = .trace(trace)
        self.summary = summary
    }

    /// How many different conversations there are; nil for any number.
    public var count: Int? {
        switch source {
        case .random: nil
        case .listed(let conversations): conversations.count
        case .trace(let trace): trace.rows.count
        }
    }

    /// Whether every conversation has a time.
    public var hasTimes: Bool {
        switch source {
        case .random: false
        case .listed(let conversations): conversations.allSatisfy { $0.arrivalSeconds != nil }
        case .trace: true
        }
    }

    /// The conversation with this number; of a list they come in turn. Warm-ups have random ids of their own.
    public func conversation(_ index: Int, isWarmUp: Bool = false) -> Conversation {
        switch source {
        case .random(let prompts, let prefixes):
            prompts.conversation(index, isWarmUp: isWarmUp, prefixes[index % prefixes.count])
        case .listed(let conversations): conversations[index % conversations.count]
        case .trace(let trace): trace.conversation(index % trace.rows.count)
        }
    }

    /// Seconds from the start of the load to the first request of a conversation, where the data has times.
    func arrivalSeconds(_ index: Int) -> Double? {
        switch source {
        case .random: nil
        case .listed(let conversations): conversations[index % conversations.count].arrivalSeconds
        case .trace(let trace): trace.rows[index % trace.rows.count].seconds
        }
    }

    /// Whether some turn's content is of a kind.
    func contains(_ isKind: (Content) -> Bool) -> Bool {
        switch source {
        case .random, .trace: isKind(.tokenIDs([]))
        case .listed(let conversations): conversations.contains { $0.turns.contains { isKind($0.content) } }
        }
    }

    /// Whether some conversation goes on after its first answer.
    var hasFollowUps: Bool {
        switch source {
        case .random(let prompts, _): prompts.turns > 1
        case .listed(let conversations): conversations.contains { $0.turns.count > 1 }
        case .trace: false
        }
    }
}

extension Dataset.Content {
    /// This content with an answer and what is new behind it. An answer whose form is not this one's is left out.
    func continued(by answer: Dataset.Content, and next: Dataset.Content) -> Dataset.Content {
        switch (self, answer, next) {
        case (.tokenIDs(let said), .tokenIDs(let answer), .tokenIDs(let new)): .tokenIDs(said + answer + new)
        case (.text(let said), .text(let answer), .text(let new)): .text(said + answer + new)
        case (.messages(let said), .text(let answer), .messages(let new)):
            .messages(said + [Dataset.Message(role: "assistant", content: answer)] + new)
        default: next
        }
    }
}
