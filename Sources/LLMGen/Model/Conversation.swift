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

extension Conversation {
    /// Adds an answer of the model: what it said, what it thought and its calls.
    public mutating func append(_ answer: Answer) {
        var message: TemplateValue = ["role": "assistant", "content": .string(answer.content)]
        if !answer.reasoning.isEmpty { message["reasoning_content"] = .string(answer.reasoning) }
        if !answer.calls.isEmpty {
            message["tool_calls"] = .array(
                answer.calls.map {
                    [
                        "id": .string($0.id), "type": "function",
                        "function": ["name": .string($0.name), "arguments": .string($0.arguments)],
                    ]
                })
        }
        messages.append(message)
    }

    /// Adds what came of a call.
    public mutating func append(result: String, of call: ToolCall) {
        messages.append([
            "role": "tool", "tool_call_id": .string(call.id), "name": .string(call.name), "content": .string(result),
        ])
    }

    /// How many calls the messages have.
    public var callCount: Int { messages.callCount }
}

extension [TemplateValue] {
    /// How many calls messages have.
    package var callCount: Int {
        reduce(0) { count, message in
            guard case .array(let calls)? = message["tool_calls"] else { return count }
            return count + calls.count
        }
    }
}
