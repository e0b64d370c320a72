/// What a chat template is rendered for.
public struct ChatTemplateInput: Sendable {
    /// The messages, objects with `role` and `content` and whatever else the template reads.
    public var messages: [TemplateValue]
    /// The tools that the model may call, as JSON schemas; nil for none.
    public var tools: [TemplateValue]?
    /// The documents that the model may draw from; nil for none.
    public var documents: [TemplateValue]?
    /// Whether the text ends where the assistant's answer begins.
    public var addsGenerationPrompt: Bool
    /// Whether the text ends within the last message, for the model to go on with it.
    public var continuesFinalMessage: Bool
    /// `bos_token`, `eos_token` and the others that the tokenizer names.
    public var specialTokens: [String: TemplateValue]
    /// Other variables, such as `enable_thinking`; they go before special tokens of the same name.
    public var extraVariables: [String: TemplateValue]

    /// A conversation for which the template is rendered with a generation prompt, unless said otherwise.
    public init(
        messages: [TemplateValue], tools: [TemplateValue]? = nil, documents: [TemplateValue]? = nil,
        addsGenerationPrompt: Bool = true, continuesFinalMessage: Bool = false,
        specialTokens: [String: TemplateValue] = [:], extraVariables: [String: TemplateValue] = [:]
    ) {
        self.messages = messages
        self.tools = tools
        self.documents = documents
        self.addsGenerationPrompt = addsGenerationPrompt
        self.continuesFinalMessage = continuesFinalMessage
        self.specialTokens = specialTokens
        self.extraVariables = extraVariables
    }

    var variables: [String: TemplateValue] {
        var variables = specialTokens.merging(extraVariables) { $1 }
        variables["messages"] = .array(messages)
        variables["tools"] = tools.map(TemplateValue.array) ?? .null
        variables["documents"] = documents.map(TemplateValue.array) ?? .null
        variables["add_generation_prompt"] = .bool(addsGenerationPrompt)
        return variables
    }
}

/// A conversation whose last message ends in a mark, by which the place to cut the rendered text is found, as
/// `transformers` finds it for `continue_final_message`.
struct MarkedConversation {
    let input: ChatTemplateInput
    /// What the last message says.
    private let content: String

    private static let mark = "CONTINUE_FINAL_MESSAGE_TAG "

    init(_ input: ChatTemplateInput) throws(TemplateError) {
        guard !input.addsGenerationPrompt else {
            throw Self.failure("a generation prompt begins a new message, so the final one cannot be continued as well")
        }
        guard var last = input.messages.last else { throw Self.failure("there is no message to continue") }
        switch last["content"] {
        case .string(let text):
            content = text
            last["content"] = .string(text + Self.mark)
        case .array(var parts):
            guard let index = parts.lastIndex(where: { if case .string? = $0["text"] { true } else { false } }),
                case .string(let text)? = parts[index]["text"]
            else { throw Self.failure("the final message has no text to continue") }
            content = text
            parts[index]["text"] = .string(text + Self.mark)
            last["content"] = .array(parts)
        default: throw Self.failure("the final message has no content to continue")
        }
        var marked = input
        marked.messages[marked.messages.count - 1] = last
        self.input = marked
    }

    /// The rendered text up to where the final message ends.
    func cut(_ rendered: String) throws(TemplateError) -> String {
        let bytes = Array(rendered.utf8)
        let mark = PythonText.stripped(Self.mark, nil)
        guard PythonText.contains(rendered, PythonText.stripped(content, nil)),
            let offset = PythonText.lastOffset(of: Array(mark.utf8), in: bytes)
        else {
            throw Self.failure("the template leaves out the final message or changes it, so it cannot be continued")
        }
        let text = String(decoding: bytes[..<offset], as: UTF8.self)
        let isWhole = bytes[offset...].starts(with: Self.mark.utf8)
        return isWhole ? text : PythonText.stripped(text, nil, .right)
    }

    private static func failure(_ reason: String) -> TemplateError {
        TemplateError(
            .malformedConversation, "\(reason); end with a message that can be continued, or ask for a new one")
    }
}
