import LLMGen
import LLMJSON

/// The tools of a request and how they may be called: `tools`, `tool_choice` and `parallel_tool_calls`.
struct ToolFields: Sendable {
    /// The tools, those that take a text among them.
    private(set) var tools: [Tool] = []
    private(set) var choice = ToolChoice.none
    private(set) var isParallel = true
    /// The tools as the template is told of them; nil for none.
    private(set) var shown: [TemplateValue]?

    init(_ fields: inout RequestFields) throws(ErrorResponse) {
        for (index, value) in (try fields.array("tools") ?? []).enumerated() {
            try append(value, "tools[\(index)]")
        }
        isParallel = try fields.flag("parallel_tool_calls") ?? true
        choice = try ToolFields.choice(&fields) ?? (tools.isEmpty ? .none : .auto)
        if choice == .none || tools.isEmpty { shown = nil }
    }

    /// Whether no call may come.
    var isEmpty: Bool { tools.isEmpty || choice == .none }

    /// Whether the tool of a name takes a text.
    func takesText(_ name: String) -> Bool { tools.contains { $0.name == name && $0.takesText } }

    // MARK: Tools

    private mutating func append(_ value: JSONValue, _ place: String) throws(ErrorResponse) {
        guard case .object(let members) = value else {
            throw .invalid(
                "\(place).function is missing: give each tool as {\"type\": \"function\", \"function\": …}",
                param: "\(place).function")
        }
        var tool = RequestFields(members, path: place)
        let type = try tool.text("type") ?? "function"
        guard type == "function" || type == "custom" else {
            throw tool.invalid(
                "type", "is \(type.quoted); it must be 'function' or 'custom'", code: "unsupported_value")
        }
        guard tool.peek(type) != nil, var definition = try? tool.object(type) else {
            throw tool.invalid(
                type, "is missing or no object; give each tool as {\"type\": \"function\", \"function\": …}",
                code: "missing_field")
        }
        let made = try type == "custom" ? ToolFields.custom(&definition) : ToolFields.function(&definition)
        tools.append(made)
        shown = (shown ?? []) + [type == "custom" ? made.templateValue : TemplateValue(value)]
    }

    /// `name`, `description`, `parameters` and `strict`.
    static func function(_ fields: inout RequestFields) throws(ErrorResponse) -> Tool {
        let description = try fields.text("description")
        let isStrict = try fields.flag("strict") ?? false
        let schema = fields.value("parameters") ?? Tool.noParameters
        if isStrict {
            do throws(LLMGenError) {
                try OutputFormat.checkStrict(schema: schema.text)
            } catch {
                throw fields.invalid("parameters", "cannot be strict: \(error.message)")
            }
        }
        return try tool(&fields, description, schema, isStrict: isStrict)
    }

    /// `name`, `description` and `format`: a tool that takes a text, of any form or of a pattern's.
    private static func custom(_ fields: inout RequestFields) throws(ErrorResponse) -> Tool {
        let description = try fields.text("description")
        var text = JSONValue.object(["type": .string("string")])
        var isStrict = false
        if var format = try fields.object("format") {
            switch try format.text("type") {
            case "text"?: break
            case "grammar"?:
                guard var grammar = try format.object("grammar") else {
                    throw format.invalid("grammar", "is missing; give syntax and definition", code: "missing_field")
                }
                let syntax = try grammar.text("syntax")
                guard syntax == "regex" else {
                    throw grammar.invalid(
                        "syntax", "is \((syntax ?? "absent").quoted); texts of tools are held to 'regex' only",
                        code: "unsupported_value")
                }
                guard let pattern = try grammar.text("definition") else {
                    throw grammar.invalid("definition", "is missing; give a regular expression", code: "missing_field")
                }
                try grammar.finish()
                text = .object(["type": .string("string"), "pattern": .string("^(?:\(pattern))$")])
                isStrict = true
            default: throw format.invalid("type", "must be 'text' or 'grammar'", code: "unsupported_value")
            }
            try format.finish()
        }
        let schema = JSONValue.object([
            "type": .string("object"), "properties": .object([Tool.textArgument: text]),
            "required": .array([.string(Tool.textArgument)]), "additionalProperties": .flag(false),
        ])
        return try tool(&fields, description, schema, isStrict: isStrict, takesText: true)
    }

    private static func tool(
        _ fields: inout RequestFields, _ description: String?, _ schema: JSONValue, isStrict: Bool,
        takesText: Bool = false
    ) throws(ErrorResponse) -> Tool {
        guard let name = try fields.text("name"), !name.isEmpty else {
            throw fields.invalid("name", "is missing; give the tool's name", code: "missing_field")
        }
        do throws(LLMGenError) {
            return try Tool(name, description, schema: schema, isStrict: isStrict, takesText: takesText)
        } catch {
            throw fields.invalid("name", "is not taken: \(error.message)")
        }
    }

    // MARK: The choice

    private static func choice(_ fields: inout RequestFields) throws(ErrorResponse) -> ToolChoice? {
        switch fields.peek("tool_choice") {
        case nil:
            fields.ignore("tool_choice")
            return nil
        case .string?:
            switch try fields.text("tool_choice") {
            case "none"?: return ToolChoice.none
            case "auto"?: return .auto
            case "required"?: return .required
            default: break
            }
        case .object?:
            guard var object = try fields.object("tool_choice") else { return nil }
            switch try object.text("type") {
            case "function"?: return .named(try name(&object, "function"))
            case "custom"?: return .named(try name(&object, "custom"))
            case "allowed_tools"?:
                // Chat has the list in a member, responses beside the type.
                var allowed = object.peek("allowed_tools") == nil ? object : try object.object("allowed_tools")!
                let mode = try allowed.text("mode") ?? "auto"
                guard mode == "auto" || mode == "required" else {
                    throw allowed.invalid("mode", "is \(mode.quoted); it must be 'auto' or 'required'")
                }
                var names: [String] = []
                for (index, value) in (try allowed.array("tools") ?? []).enumerated() {
                    let place = "tool_choice.allowed_tools.tools[\(index)]"
                    guard case .object(let members) = value else {
                        throw .invalid("\(place) is \(value.kindName); it must be an object", param: place)
                    }
                    var tool = RequestFields(members, path: place)
                    names.append(try name(&tool, try tool.text("type") ?? "function"))
                }
                return .allowed(names, isRequired: mode == "required")
            default: break
            }
        default: break
        }
        throw ErrorResponse(
            status: 400, code: "unsupported_value",
            message: "tool_choice must be 'none', 'auto', 'required', a function or a custom tool by its name, or "
                + "allowed_tools", param: "tool_choice")
    }

    /// The name beside the type, or in the member of the type's name.
    private static func name(_ object: inout RequestFields, _ type: String) throws(ErrorResponse) -> String {
        if let name = try object.text("name") { return name }
        if var inner = try object.object(type), let name = try inner.text("name") { return name }
        throw object.invalid("name", "is missing; name the tool", code: "missing_field")
    }
}
