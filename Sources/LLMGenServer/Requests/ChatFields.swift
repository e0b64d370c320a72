import LLMGen
import LLMJSON

/// The conversation of a request: `messages` and what the chat template is told besides.
struct ChatFields {
    /// What the template is rendered for.
    let input: ChatTemplateInput
    let tools: ToolFields
    private let addsSpecialTokens: Bool

    init(_ fields: inout RequestFields) throws(ErrorResponse) {
        let messages = try ChatFields.messages(&fields)
        var input = ChatTemplateInput(messages: messages)
        tools = try ToolFields(&fields)
        input.tools = tools.shown
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
            let own = [
                "messages", "tools", "documents", "add_generation_prompt", "continue_final_message", "chat_template",
            ]
            for (name, value) in members {
                guard !own.contains(name) else {
                    let place = "chat_template_kwargs.\(name)"
                    throw .invalid("\(place) is given; use the field \(name)", param: place)
                }
                input.extraVariables[name] = TemplateValue(value)
            }
        }
        try fields.refuse("chat_template", "the server's own templates are used")
        addsSpecialTokens = try fields.flag("add_special_tokens") ?? false
        self.input = input
    }

    /// The prompt, the model's answer to come next.
    func prompt(
        _ entry: ModelRegistry.Entry, _ engine: Engine, _ options: ServerOptions
    ) throws(ErrorResponse) -> (text: String, tokens: [TokenID]) {
        try entry.prompt(for: input, engine, options, addSpecialTokens: addsSpecialTokens, field: "messages")
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

    /// A message as it is sent; what of it the template reads is found later. Parts that are no text are refused here.
    static func message(_ value: JSONValue, _ place: String) throws(ErrorResponse) -> TemplateValue {
        guard case .object(let members) = value else {
            throw .invalid("\(place) is \(value.kindName); it must be an object", param: place)
        }
        if case .array(let parts)? = members["content"] {
            for (index, part) in parts.enumerated() { try check(part, "\(place).content[\(index)]") }
        }
        return TemplateValue(value)
    }

    static func check(_ part: JSONValue, _ place: String) throws(ErrorResponse) {
        guard case .object(let members) = part, case .string(let type)? = members["type"] else {
            throw .invalid("\(place) is no object with a type", param: place)
        }
        guard let member = ["text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"][type]
        else {
            throw ErrorResponse(
                status: 400, code: "unsupported_value",
                message: "\(place) is of type \(type.quoted); only texts are supported here", param: "\(place).type")
        }
        guard case .string? = members[member] else {
            throw .invalid(
                "\(place).\(member) is \(members[member]?.kindName ?? "missing"); it must be a string",
                param: "\(place).\(member)")
        }
    }
}
