import LLMGrammar
import LLMJSON

/// What a tool's schema says of arguments that are not written as JSON, as far as it can be kept there.
struct ArgumentSchema {
    /// A parameter, in the schema's order.
    struct Member {
        var name: String
        var schema: JSONValue
        var isRequired: Bool
    }

    let root: JSONValue

    /// The members of an object.
    func members(of schema: JSONValue, at pointer: String) throws(SchemaError) -> [Member] {
        guard case .object(let keywords) = schema else { return [] }
        try ArgumentSchema.allow(
            ["type", "properties", "required", "additionalProperties"], in: keywords.map { $0.key }, at: pointer)
        guard case .object(let properties)? = keywords["properties"] else { return [] }
        var required: Set<String> = []
        if case .array(let names)? = keywords["required"] {
            required = Set(names.compactMap { if case .string(let name) = $0 { name } else { nil } })
        }
        if let missing = required.first(where: { properties[$0] == nil }) {
            throw SchemaError(.unsupported, at: pointer, "\(missing.quoted) is required and has no property")
        }
        return properties.map { Member(name: $0, schema: $1, isRequired: required.contains($0)) }
    }

    /// The texts that a schema of a text takes; nil where it takes no texts.
    func text(_ schema: JSONValue, at pointer: String) throws(SchemaError) -> RegexExpression? {
        guard case .object(let keywords) = schema else { return nil }
        let kinds = ParameterTypes.kinds(ofParameter: schema, root: root)
        guard kinds?.contains(.string) == true else { return nil }
        try ArgumentSchema.allow(
            ["type", "enum", "const", "minLength", "maxLength"], in: keywords.map { $0.key }, at: pointer)
        var values: [JSONValue]?
        if case .array(let list)? = keywords["enum"] { values = list }
        if let value = keywords["const"] { values = [value] }
        if let values {
            return .either(values.compactMap { if case .string(let text) = $0 { .text(text) } else { nil } })
        }
        let least = keywords["minLength"]?.exactInteger ?? 0
        return .repeated(.characters(.all), min: least, max: keywords["maxLength"]?.exactInteger)
    }

    /// The schema of a part, with the definitions of the whole.
    func standalone(_ schema: JSONValue) -> JSONValue {
        guard case .object(var keywords) = schema, case .object(let whole) = root else { return schema }
        for name in ["$defs", "definitions"] where keywords[name] == nil {
            if let definitions = whole[name] { keywords[name] = definitions }
        }
        return .object(keywords)
    }

    /// Keywords that say nothing of what is valid.
    private static let notes: Set<String> = [
        "title", "description", "default", "examples", "deprecated", "$schema", "$id", "$comment", "$defs",
        "definitions",
    ]

    static func allow(_ known: Set<String>, in keywords: [String], at pointer: String) throws(SchemaError) {
        guard let other = keywords.first(where: { !known.contains($0) && !notes.contains($0) }) else { return }
        throw SchemaError(
            .unsupported, at: pointer,
            "\(other.quoted) cannot be kept where arguments are not written as JSON; leave it out or set strict to false"
        )
    }
}

extension ParameterTypes {
    /// The types that a parameter's schema allows.
    static func kinds(ofParameter schema: JSONValue, root: JSONValue) -> Set<Kind>? {
        var steps = 0
        return kinds(of: schema, root: root, depth: 0, steps: &steps)
    }
}
