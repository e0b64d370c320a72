package import LLMGrammar
package import LLMJSON

/// A tool, as a grammar holds calls of it to its schema.
package struct GrammarTool: Sendable {
    package var name: String
    /// The JSON schema of its arguments.
    package var schema: JSONValue
    /// Whether what cannot be kept of the schema is refused; else it is left out.
    package var isStrict: Bool

    package init(_ name: String, schema: JSONValue, isStrict: Bool = true) {
        self.name = name
        self.schema = schema
        self.isStrict = isStrict
    }
}

/// Which calls a grammar asks for.
package struct CallDemand: Sendable {
    /// Whether there must be a call; else there may be.
    package var isRequired: Bool
    /// Whether there may be several calls.
    package var isParallel: Bool
    /// The rule of what the model says where it calls no tool; nil for any text.
    package var content: RuleID?
    /// The prompt's end: it may have opened the reasoning, or another mark.
    package var promptTail: String
    /// The ids of special tokens by their texts, which text does not spell.
    package var specialTokens: [String: Int32]

    package init(
        isRequired: Bool, isParallel: Bool = true, content: RuleID? = nil, promptTail: String = "",
        specialTokens: [String: Int32] = [:]
    ) {
        self.isRequired = isRequired
        self.isParallel = isParallel
        self.content = content
        self.promptTail = promptTail
        self.specialTokens = specialTokens
    }
}
