import LLMJSON

/// What is wrong with a message, at a place such as `messages[2].content`.
public struct MessageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The place of the fault.
    public let place: String
    /// One line that names the place, the value and the remedy.
    public let message: String
    /// The message.
    public var description: String { message }

    init(_ place: String, _ problem: String) {
        self.place = place
        message = "\(place) \(problem)"
    }
}

/// The step from messages as OpenAI's API has them to those that a template is written for, which are the ones that
/// `transformers` gives to `apply_chat_template`:
///
/// - The content is a text or a list of parts, by what the template reads; texts of parts are joined by line breaks.
///   Content that is null or absent is the empty text in an assistant's message.
/// - Members that are null, and calls, names, refusals and reasoning that are empty, are absent. Arguments of calls are mappings, unless the
///   template writes them as a text only.
/// - The role `developer` is `system` for a template that does not know it, or not beside others; several system
///   messages are one, at the beginning, for a template that does not take them.
struct MessageStep {
    let form: MessageForm
    /// What errors call the message at an index.
    let place: (Int) -> String

    func messages(_ messages: [TemplateValue]) throws(MessageError) -> [TemplateValue] {
        let keepsDeveloper =
            form.takesDeveloperAfterSystem || form.knowsDeveloper && messages.count(where: instructs) == 1
        var converted: [TemplateValue] = []
        for (index, message) in messages.enumerated() {
            converted.append(try self.message(message, place(index), keepsDeveloper: keepsDeveloper))
        }
        return joined(converted)
    }

    /// Whether a message is of `system` or `developer`.
    private func instructs(_ message: TemplateValue) -> Bool {
        switch message["role"] {
        case .string("system")?, .string("developer")?: true
        default: false
        }
    }

    private func message(
        _ message: TemplateValue, _ place: String, keepsDeveloper: Bool
    ) throws(MessageError) -> TemplateValue {
        guard case .object(let members) = message else {
            throw MessageError(place, "is no object; give one with a role")
        }
        guard case .string(var role)? = message["role"] else {
            throw MessageError("\(place).role", "is missing or no string; it says who speaks")
        }
        if role == "developer", !keepsDeveloper { role = "system" }
        var converted = TemplateValue.object(members.filter { !isAbsent($0) })
        converted["role"] = .string(role)
        converted["content"] = try content(of: message, role, "\(place).content")
        if case .array(let calls)? = converted["tool_calls"] {
            var parsed: [TemplateValue] = []
            for (index, call) in calls.enumerated() {
                parsed.append(try self.call(call, "\(place).tool_calls[\(index)]"))
            }
            converted["tool_calls"] = .array(parsed)
        }
        return converted
    }

    /// Whether a member says nothing.
    private func isAbsent(_ member: TemplateValue.Member) -> Bool {
        switch (member.name, member.value) {
        case (_, .null): true
        case ("tool_calls", .array(let calls)): calls.isEmpty
        case ("audio", .object(let members)): members.isEmpty
        // Go's clients write the empty value of every member.
        case ("function_call", let call): isEmpty(call["name"]) && isEmpty(call["arguments"])
        case ("name", let text), ("refusal", let text), ("reasoning_content", let text): isEmpty(text)
        default: false
        }
    }

    /// Whether a value is absent, null or the empty text.
    private func isEmpty(_ value: TemplateValue?) -> Bool {
        switch value {
        case nil, .null?: true
        case .string(let text)?: text.isEmpty
        default: false
        }
    }

    // MARK: Content

    private func content(of message: TemplateValue, _ role: String, _ place: String) throws(MessageError)
        -> TemplateValue
    {
        switch message["content"] {
        case .string(let text)?: return written([text])
        case .array(let parts)?:
            var texts: [String] = []
            for (index, part) in parts.enumerated() {
                guard case .string(let text)? = part["text"] ?? part["refusal"] else {
                    throw MessageError("\(place)[\(index)]", "has no text; only parts with a text are written")
                }
                texts.append(text)
            }
            return written(texts)
        case .null?, nil:
            guard role != "user", role != "system", role != "developer" else {
                throw MessageError(place, "is missing; give the text that is said")
            }
            return written([""])
        default: throw MessageError(place, "is neither a text nor a list of parts; give one of them")
        }
    }

    private func written(_ texts: [String]) -> TemplateValue {
        guard form.readsParts else { return .string(texts.joined(separator: "\n")) }
        return .array(texts.map { ["type": "text", "text": .string($0)] })
    }

    // MARK: Calls

    /// A call of a tool, whose arguments the API has as a text of JSON.
    private func call(_ call: TemplateValue, _ place: String) throws(MessageError) -> TemplateValue {
        guard var function = call["function"] else { return call }
        let place = "\(place).function.arguments"
        switch function["arguments"] {
        case .null?, nil, .string("")?, .string("null")?:
            function["arguments"] = form.readsArgumentsAsText ? "{}" : .object([])
        case .string(let text)?:
            guard let value = try? TemplateValue(json: Array(text.utf8)), case .object = value else {
                throw MessageError(place, "is \(text.quoted), which is no JSON object; give the arguments as one")
            }
            if !form.readsArgumentsAsText { function["arguments"] = value }
        default: break
        }
        var call = call
        call["function"] = function
        return call
    }

    // MARK: System messages

    private func joined(_ messages: [TemplateValue]) -> [TemplateValue] {
        func isSystem(_ message: TemplateValue) -> Bool {
            if case .string("system")? = message["role"] { true } else { false }
        }
        let systems = messages.filter(isSystem)
        guard systems.count > 1, !form.takesSystemMessages, var first = systems.first else { return messages }
        let texts = systems.flatMap { system -> [String] in
            switch system["content"] {
            case .string(let text)?: [text]
            case .array(let parts)?: parts.compactMap { if case .string(let text)? = $0["text"] { text } else { nil } }
            default: []
            }
        }
        first["content"] = written([texts.joined(separator: "\n\n")])
        return [first] + messages.filter { !isSystem($0) }
    }
}
