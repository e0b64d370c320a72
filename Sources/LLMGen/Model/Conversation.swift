/// What a user and a model said to one another, in order.
///
/// ```swift
/// var conversation = Conversation(system: "Be brief.")
/// conversation.append(role: "user", content: "Who lives in the castle?")
/// let prompt = try model.prompt(for: conversation.input)
/// ```
public struct Conversation: Sendable {
    /// The messages: objects with `role` and `content`, and whatever else a file says of them.
    public private(set) var messages: [TemplateValue]

    /// A conversation that begins, with a system message or without one.
    public init(system: String? = nil) {
        messages = []
        self.system = system
    }

    init(messages: [TemplateValue]) { self.messages = messages }

    /// What the chat template is rendered for: the messages, and the beginning of an answer.
    public var input: ChatTemplateInput { ChatTemplateInput(messages: messages) }

    /// The system message's text; nil where there is no system message, or none that is a text. Setting it replaces,
    /// adds or removes that message and leaves the others.
    public var system: String? {
        get {
            guard hasSystem, case .string(let text)? = messages[0]["content"] else { return nil }
            return text
        }
        set {
            if hasSystem { messages.removeFirst() }
            if let newValue { messages.insert(["role": "system", "content": .string(newValue)], at: 0) }
        }
    }

    private var hasSystem: Bool {
        if case .string("system")? = messages.first?["role"] { true } else { false }
    }

    /// Adds a message at the end.
    public mutating func append(role: String, content: String) {
        messages.append(["role": .string(role), "content": .string(content)])
    }

    /// Takes the last message back; without one nothing happens.
    public mutating func removeLast() { _ = messages.popLast() }

    /// Forgets all messages but the system message.
    public mutating func clear() { messages = hasSystem ? [messages[0]] : [] }
}
