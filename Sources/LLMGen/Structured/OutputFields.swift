package import LLMJSON

/// An output format as requests in JSON have it: `response_format` or `text.format` as OpenAI does, or vLLM's
/// `structured_outputs`.
package struct OutputFields: Sendable {
    package var format = OutputFormat.text
    /// The field that the format came in, for what is wrong with it.
    package var param = "response_format"
    /// Whether the request says a format, free text included.
    package var isGiven = true

    /// Free text, as nothing else is said.
    private init() { isGiven = false }

    private init(_ format: OutputFormat, _ param: String) {
        self.format = format
        self.param = param
    }

    /// `response_format` or `structured_outputs`.
    package init<Failure>(_ fields: inout JSONFields<Failure>) throws(Failure) {
        let format = try Self.format(&fields, "response_format", isNested: true)
        try self.init(&fields, format)
    }

    /// `structured_outputs`, or the format in OpenAI's form that the route has taken.
    package init<Failure>(_ fields: inout JSONFields<Failure>, _ format: OutputFields?) throws(Failure) {
        for (older, newer) in Self.renamed { try fields.refuse(older, "its name is structured_outputs.\(newer) now") }
        let structured = try Self.structured(&fields)
        if structured != nil, let format, !format.isText {
            throw fields.invalid("structured_outputs", "and \(format.param) are both given; leave one out")
        }
        self = structured ?? format ?? OutputFields()
    }

    package var isText: Bool { format.isText }

    /// vLLM's names of before.
    private static let renamed = [
        ("guided_json", "json"), ("guided_regex", "regex"), ("guided_choice", "choice"),
        ("guided_grammar", "grammar"), ("guided_json_object", "json_object"),
        ("guided_whitespace_pattern", "whitespace_pattern"),
    ]

    // MARK: OpenAI's

    /// The format in the field `name`; nil where there is none.
    ///
    /// - Parameters:
    ///   - path: what stands before `name` in the field's place.
    ///   - isNested: whether the members of a schema stand in the member `json_schema`, as in `response_format`.
    package static func format<Failure>(
        _ fields: inout JSONFields<Failure>, _ name: String, in path: String = "", isNested: Bool
    ) throws(Failure) -> OutputFields? {
        let sent = fields.peek(name)
        guard var object = try fields.object(name), let sent else { return nil }
        let place = path + name
        let type = try object.text("type")
        switch type {
        case "text"?:
            try object.finish()
            return OutputFields(.text, place)
        case "json_object"?:
            try object.finish()
            return OutputFields(.jsonObject(), place)
        case "structural_tag"?:
            return OutputFields(.structuralTag(sent.text), place)
        case "json_schema"?:
            guard isNested else { return try schema(&object, place) }
            guard var inner = try object.object("json_schema") else {
                throw object.invalid("json_schema", "is missing; give name and schema", code: "missing_field")
            }
            try object.finish()
            return try schema(&inner, "\(place).json_schema")
        case let type:
            throw object.invalid(
                "type",
                "is \(type?.quoted ?? "missing"); it must be 'text', 'json_object', 'json_schema' or 'structural_tag'",
                code: type == nil ? "missing_field" : "unsupported_value")
        }
    }

    /// `name`, `description`, `schema` and `strict`.
    private static func schema<Failure>(_ object: inout JSONFields<Failure>, _ place: String) throws(Failure)
        -> OutputFields
    {
        guard let name = try object.text("name") else {
            throw object.invalid("name", "is missing; give 1 to 64 letters, digits, _ or -", code: "missing_field")
        }
        guard name.wholeMatch(of: /[a-zA-Z0-9_-]{1,64}/) != nil else {
            throw object.invalid(
                "name", "is \(String(name.prefix(100)).quoted); it must be 1 to 64 letters, digits, _ or -")
        }
        _ = try object.text("description")
        let isStrict = try object.flag("strict") ?? false
        guard let value = object.value("schema") else {
            throw object.invalid("schema", "is missing; give a JSON schema", code: "missing_field")
        }
        guard case .object = value else {
            throw object.invalid("schema", "is \(value.kindName); it must be an object", code: "invalid_type")
        }
        try object.finish()
        let text = value.text
        if isStrict {
            do throws(LLMGenError) {
                try OutputFormat.checkStrict(schema: text)
            } catch {
                throw Failure(field: "\(place).schema", message: error.message, code: "invalid_argument")
            }
        }
        return OutputFields(.json(schema: text), "\(place).schema")
    }

    // MARK: vLLM's

    private static func structured<Failure>(_ fields: inout JSONFields<Failure>) throws(Failure) -> OutputFields? {
        guard var object = try fields.object("structured_outputs") else { return nil }
        let style = try style(&object)
        var found: [(name: String, format: OutputFormat)] = []
        if let value = object.value("json") {
            switch value {
            case .string(let text): found.append(("json", .json(schema: text, style ?? JSONStyle())))
            case .object, .flag: found.append(("json", .json(schema: value.text, style ?? JSONStyle())))
            default:
                throw object.invalid(
                    "json", "is \(value.kindName); it must be a JSON schema (an object or a flag) or its text",
                    code: "invalid_type")
            }
        }
        if let value = object.value("structural_tag") {
            switch value {
            case .string(let text): found.append(("structural_tag", .structuralTag(text)))
            case .object: found.append(("structural_tag", .structuralTag(value.text)))
            default:
                throw object.invalid(
                    "structural_tag", "is \(value.kindName); it must be an object or its text", code: "invalid_type")
            }
        }
        if let flag = try object.flag("json_object") {
            guard flag else { throw object.invalid("json_object", "is false; leave it out, or set it to true") }
            found.append(("json_object", .jsonObject(style ?? JSONStyle())))
        }
        if let pattern = try object.text("regex") { found.append(("regex", .regex(pattern))) }
        if let text = try object.text("grammar") { found.append(("grammar", .grammar(text))) }
        if let texts = try object.texts("choice") { found.append(("choice", .choice(texts))) }
        try object.finish()
        guard found.count == 1 else {
            let names = found.isEmpty ? "none" : found.map(\.name).joined(separator: " and ")
            throw fields.invalid(
                "structured_outputs", "has \(names) of \(kinds.joined(separator: ", ")); give exactly one")
        }
        guard style == nil || found[0].name.hasPrefix("json") else {
            throw fields.invalid(
                "structured_outputs",
                "has options of JSON (white space, properties, lenient), which \(found[0].name) has no use for; "
                    + "leave them out")
        }
        return OutputFields(found[0].format, "structured_outputs.\(found[0].name)")
    }

    private static let kinds = ["json", "regex", "choice", "grammar", "structural_tag", "json_object"]

    /// The options for JSON; nil where none is given.
    private static func style<Failure>(_ object: inout JSONFields<Failure>) throws(Failure) -> JSONStyle? {
        var style = JSONStyle()
        if try object.flag("disable_any_whitespace") ?? false { style.whiteSpace = .none }
        if let pattern = try object.text("whitespace_pattern") {
            guard style.whiteSpace == .bounded else {
                throw object.invalid("whitespace_pattern", "is given with disable_any_whitespace; leave one out")
            }
            style.whiteSpace = .pattern(pattern)
        }
        style.forbidsAdditionalProperties = try object.flag("disable_additional_properties") ?? false
        style.takesAnyOrder = try object.flag("any_order") ?? false
        style.isLenient = try object.flag("lenient") ?? false
        return style == JSONStyle() ? nil : style
    }
}
