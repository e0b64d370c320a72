package import LLMJSON

/// A tool, as a grammar holds calls of it to its schema.
package struct GrammarTool: Sendable {
    package var name: String
    /// The JSON schema of its arguments.
    package var schema: JSONValue

    package init(_ name: String, schema: JSONValue) {
        self.name = name
        self.schema = schema
    }
}

/// Which calls a grammar asks for.
package struct CallDemand: Sendable {
    /// Whether there must be a call; else there may be.
    package var isRequired: Bool
    /// Whether there may be several calls.
    package var isParallel: Bool
    /// Whether the prompt has opened the reasoning, or a message.
    package var promptTail: String
    /// The ids of special tokens by their texts, which text does not spell.
    package var specialTokens: [String: Int32]

    package init(
        isRequired: Bool, isParallel: Bool = true, promptTail: String = "", specialTokens: [String: Int32] = [:]
    ) {
        self.isRequired = isRequired
        self.isParallel = isParallel
        self.promptTail = promptTail
        self.specialTokens = specialTokens
    }
}
