import LLMBench

extension Dataset {
    /// Prompts of 4 random ids with 8 tokens to generate.
    static func random(_ change: (inout RandomPrompts) -> Void = { _ in }) throws -> Dataset {
        var prompts = RandomPrompts()
        (prompts.inputLength, prompts.outputLength) = (4, 8)
        change(&prompts)
        return try Dataset(prompts)
    }

    /// Texts with 8 tokens to generate.
    static func texts(_ texts: [String]) throws -> Dataset { try Dataset(texts: texts, outputLength: 8) }

    /// One chat.
    static func chat() throws -> Dataset {
        try Dataset(
            [Conversation([Turn(.messages([Message(role: "user", content: "hi")]), outputTokens: 8)])],
            summary: "a chat")
    }
}
