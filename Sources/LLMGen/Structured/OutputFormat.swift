/// The form that an output must have. It is kept exactly, token by token, or refused before the first one.
///
/// An output ends when nothing more may follow, or when the model ends it where it is complete. One that `max_tokens`, a
/// stop string or a time limit ends first is the beginning of such an output.
public enum OutputFormat: Sendable {
    /// Any text.
    case text
    /// A JSON document that is valid under a JSON schema, given as its text.
    case json(schema: String, JSONStyle = JSONStyle())
    /// A JSON object.
    case jsonObject(JSONStyle = JSONStyle())
    /// A text that the regular expression matches as a whole.
    case regex(String)
    /// One of some texts.
    case choice([String])
    /// A text of a context-free grammar, in the style of Lark or as llama.cpp's GBNF.
    case grammar(String)
    /// Free text with tagged parts that have a form, as vLLM's `structural_tag` describes them: the text of a JSON object.
    case structuralTag(String)
    /// An answer of a conversation, as ``Dialogue/plan(for:tools:choice:isParallel:content:reasoningTokens:earlierCalls:)``
    /// has it.
    indirect case answer(AnswerForm)

    /// Whether it is any text.
    package var isText: Bool { if case .text = self { true } else { false } }

    /// Its name among the fields of requests.
    package var name: String {
        switch self {
        case .text: "text"
        case .json: "json"
        case .jsonObject: "json_object"
        case .regex: "regex"
        case .choice: "choice"
        case .grammar: "grammar"
        case .structuralTag: "structural_tag"
        case .answer: "answer"
        }
    }
}

/// How JSON documents are written, and how a schema is read.
public struct JSONStyle: Sendable, Hashable {
    /// What may stand between the parts of a document.
    public enum WhiteSpace: Sendable, Hashable {
        /// One space, or one line break and some indentation.
        case bounded
        /// Nothing.
        case none
        /// What a regular expression matches.
        case pattern(String)
    }

    /// What may stand between the parts of a document.
    public var whiteSpace: WhiteSpace
    /// Whether members may come in any order, not only in the schema's.
    public var takesAnyOrder: Bool
    /// Whether a schema with `properties` that says nothing of other members has none.
    public var forbidsAdditionalProperties: Bool
    /// Whether what of a schema cannot be kept is left out and told (``PreparedGeneration/notes``), instead of being an
    /// error.
    public var isLenient: Bool

    /// A style; every part has a default.
    public init(
        whiteSpace: WhiteSpace = .bounded, takesAnyOrder: Bool = false, forbidsAdditionalProperties: Bool = false,
        isLenient: Bool = false
    ) {
        self.whiteSpace = whiteSpace
        self.takesAnyOrder = takesAnyOrder
        self.forbidsAdditionalProperties = forbidsAdditionalProperties
        self.isLenient = isLenient
    }
}
