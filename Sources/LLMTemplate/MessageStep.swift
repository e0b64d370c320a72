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
///   Content that is null or absent is the empty text in an assistant's message, or null beside calls where the template
///   writes them only so. A refusal is content, unless the template writes it itself.
/// - Members that are null, and calls, names, refusals and reasoning that are empty, are absent. Reasoning has each of its
///   names, whichever is sent. Arguments of calls are mappings, unless the template writes them as a text only.
/// - The role `developer` is `system` for a template that does not know it, or not beside others; system messages are
///   one, at the beginning, for a template that takes no several, or none after other messages.
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

    /// The names of a message's reasoning, the first that is there before the others, as in `transformers`, which fills the
    /// first two; some templates read the third.
    private static let reasoningNames = ["reasoning_content", "thinking", "reasoning"]

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
        guard !role.isEmpty else { throw MessageError("\(place).role", "is empty; it says who speaks") }
        if role == "developer", !keepsDeveloper { role = "system" }
        var converted = TemplateValue.object(members.filter { !isAbsent($0) })
        converted["role"] = .string(role)
        converted["content"] = try content(of: message, role, "\(place).content")
        if let reasoning = MessageStep.reasoningNames.lazy.compactMap({ converted[$0] }).first {
            for name in MessageStep.reasoningNames where converted[name] == nil { converted[name] = reasoning }
        }
        if let value = converted["tool_calls"] {
            guard case .array(let calls) = value else {
                throw MessageError("\(place).tool_calls", "is no list; give one of calls")
            }
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
        case ("name", let text), ("refusal", let text): isEmpty(text)
        case (let name, let text) where MessageStep.reasoningNames.contains(name): isEmpty(text)
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
        var texts: [String] = []
        switch message["content"] {
        case .string(let text)?: texts = [text]
        case .array(let parts)?:
            for (index, part) in parts.enumerated() {
                guard case .string(let text)? = part["text"] ?? part["refusal"] else {
                    throw MessageError("\(place)[\(index)]", "has no text; only parts with a text are written")
                }
                texts.append(text)
            }
        case .null?, nil: texts = role == "assistant" || role == "tool" ? [""] : []
        default: throw MessageError(place, "is neither a text nor a list of parts; give one of them")
        }
        if !form.readsRefusals, case .string(let refusal)? = message["refusal"], !refusal.isEmpty {
            texts.removeAll(where: \.isEmpty)
            texts.append(refusal)
        }
        if texts.isEmpty, ["user", "system", "developer"].contains(role) {
            throw MessageError(place, "is missing; give the text that is said")
        }
        if form.readsNullBesideCalls, texts.allSatisfy(\.isEmpty), case .array(let calls)? = message["tool_calls"],
            !calls.isEmpty
        {
            return .null
        }
        return written(texts)
    }

    private func written(_ texts: [String]) -> TemplateValue {
        guard form.readsParts else { return .string(texts.joined(separator: "\n")) }
        return .array(texts.map { ["type": "text", "text": .string($0)] })
    }

    // MARK: Calls

    /// A call of a tool, whose arguments the API has as a text of JSON.
    private func call(_ call: TemplateValue, _ place: String) throws(MessageError) -> TemplateValue {
        guard case .object? = call["function"], var function = call["function"] else {
            throw MessageError("\(place).function", "is missing or no object; only calls of functions are written")
        }
        guard case .string(let name)? = function["name"], !name.isEmpty else {
            throw MessageError("\(place).function.name", "is missing or no string; give the function's name")
        }
        let place = "\(place).function.arguments"
        switch function["arguments"] {
        case .null?, nil, .string("")?, .string("null")?:
            function["arguments"] = form.readsArgumentsAsText ? "{}" : .object([])
        case .string(let text)?:
            let value = try arguments(text, place)
            if !form.readsArgumentsAsText { function["arguments"] = value }
        case let value?:
            guard case .object = value else {
                throw MessageError(place, "is neither a text nor an object; give the arguments as one of them")
            }
            if form.readsArgumentsAsText, let text = value.jsonText { function["arguments"] = .string(text) }
        }
        var call = call
        call["function"] = function
        return call
    }

    private func arguments(_ text: String, _ place: String) throws(MessageError) -> TemplateValue {
        do throws(TemplateError) {
            let value = try TemplateValue(json: Array(text.utf8))
            if case .object = value { return value }
        } catch {
            throw MessageError(place, "is \(text.quoted), which cannot be read: \(error.message)")
        }
        throw MessageError(place, "is \(text.quoted), which is no JSON object; give the arguments as one")
    }

    // MARK: Tools

    /// Tools as the API has them, without members that are null.
    static func tools(_ tools: [TemplateValue]) throws(MessageError) -> [TemplateValue] {
        var converted: [TemplateValue] = []
        for (index, tool) in tools.enumerated() {
            let place = "tools[\(index)].function"
            guard case .object(let members)? = tool["function"] else {
                throw MessageError(
                    place, "is missing or no object; give each tool as {\"type\": \"function\", \"function\": …}")
            }
            guard case .string(let name)? = tool["function"]?["name"], !name.isEmpty else {
                throw MessageError("\(place).name", "is missing or no string; give the function's name")
            }
            var tool = tool
            tool["function"] = .object(members.filter { if case .null = $0.value { false } else { true } })
            converted.append(tool)
        }
        return converted
    }

    // MARK: System messages

    /// The messages with those that instruct as one at the beginning, where the template does not write them as they are.
    private func joined(_ messages: [TemplateValue]) -> [TemplateValue] {
        let instructions = messages.filter(instructs)
        guard var first = instructions.first else { return messages }
        func isSystem(_ message: TemplateValue) -> Bool {
            if case .string("system")? = message["role"] { true } else { false }
        }
        let late = messages.drop(while: instructs).filter(instructs)
        let isWritten =
            (form.takesSystemMessages || instructions.count(where: isSystem) < 2)
            && late.allSatisfy { isSystem($0) ? form.takesLateSystem : form.takesLateDeveloper }
        if isWritten { return messages }
        let texts = instructions.flatMap { message -> [String] in
            switch message["content"] {
            case .string(let text)?: [text]
            case .array(let parts)?: parts.compactMap { if case .string(let text)? = $0["text"] { text } else { nil } }
            default: []
            }
        }
        first["content"] = written([texts.filter { !$0.isEmpty }.joined(separator: "\n\n")])
        return [first] + messages.filter { !instructs($0) }
    }
}
