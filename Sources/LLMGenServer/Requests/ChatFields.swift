import LLMGen
import LLMJSON

/// The conversation of a request: `messages` and what the chat template is told besides.
enum ChatFields {
    /// The conversation's tokens, the model's answer to come next.
    static func tokens(
        _ fields: inout RequestFields, _ entry: ModelRegistry.Entry, _ engine: Engine, _ options: ServerOptions
    ) throws(ErrorResponse) -> [TokenID] {
        let messages = try messages(&fields)
        var input = ChatTemplateInput(messages: messages)
        input.tools = try tools(&fields)
        input.documents = try fields.array("documents")?.map(TemplateValue.init)
        input.continuesFinalMessage = try fields.flag("continue_final_message") ?? false
        input.addsGenerationPrompt = try fields.flag("add_generation_prompt") ?? !input.continuesFinalMessage
        if let effort = try fields.text("reasoning_effort") {
            input.extraVariables["reasoning_effort"] = .string(effort)
        }
        if let value = fields.value("chat_template_kwargs") {
            guard case .object(let members) = value else {
                throw fields.invalid("chat_template_kwargs", "is \(value.kindName); it must be an object")
            }
            for (name, value) in members { input.extraVariables[name] = TemplateValue(value) }
        }
        try fields.refuse("chat_template", "the server's own templates are used")
        let addsSpecialTokens = try fields.flag("add_special_tokens") ?? false
        return try entry.tokens(
            of: input, engine, options, addSpecialTokens: addsSpecialTokens, field: "messages")
    }

    private static func messages(_ fields: inout RequestFields) throws(ErrorResponse) -> [TemplateValue] {
        guard let elements = try fields.array("messages") else {
            throw fields.invalid("messages", "is missing; give the conversation", code: "missing_field")
        }
        guard !elements.isEmpty else { throw fields.invalid("messages", "is empty; give at least one message") }
        var messages: [TemplateValue] = []
        for (index, element) in elements.enumerated() {
            messages.append(try message(element, "messages[\(index)]"))
        }
        return messages
    }

    /// A message: an object with a role, its content as one text.
    static func message(_ value: JSONValue, _ place: String) throws(ErrorResponse) -> TemplateValue {
        guard case .object(let members) = value else {
            throw .invalid("\(place) is \(value.kindName); it must be an object", param: place)
        }
        guard case .string? = members["role"] else {
            throw .invalid("\(place).role is missing or no string; it says who speaks", param: "\(place).role")
        }
        var message = TemplateValue(value)
        message["content"] = try content(members["content"], "\(place).content")
        return message
    }

    /// A message's content: a text, or the texts of its parts on lines of their own.
    static func content(_ value: JSONValue?, _ place: String) throws(ErrorResponse) -> TemplateValue {
        switch value {
        case .string(let text)?: return .string(text)
        case .null?, nil: return .null
        case .array(let parts)?:
            var texts: [String] = []
            for (index, part) in parts.enumerated() {
                guard case .object(let members) = part, case .string(let type)? = members["type"] else {
                    throw .invalid(
                        "\(place)[\(index)] is no object with a type", param: "\(place)[\(index)]")
                }
                guard ["text", "input_text", "output_text"].contains(type), case .string(let text)? = members["text"]
                else {
                    throw ErrorResponse(
                        status: 400, code: "unsupported_value",
                        message: "\(place)[\(index)] is of type \(type.quoted); only texts are supported here",
                        param: "\(place)[\(index)].type")
                }
                texts.append(text)
            }
            return .string(texts.joined(separator: "\n"))
        case let value?:
            throw .invalid("\(place) is \(value.kindName); it must be a string or text parts", param: place)
        }
    }

    /// `tools` for the template. The model may write calls of them; they are text like any other.
    private static func tools(_ fields: inout RequestFields) throws(ErrorResponse) -> [TemplateValue]? {
        let tools = try fields.array("tools")
        let choice = fields.value("tool_choice")
        fields.ignore("parallel_tool_calls")
        switch choice {
        case nil, .string("auto")?: return tools?.map(TemplateValue.init)
        case .string("none")?: return nil
        default:
            throw ErrorResponse(
                status: 400, code: "unsupported_value",
                message: "tool_choice must be 'auto' or 'none' here: a call cannot be enforced", param: "tool_choice")
        }
    }
}
