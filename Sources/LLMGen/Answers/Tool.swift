package import LLMJSON

/// A tool that a model may call.
///
/// ```swift
/// let weather = try Tool("weather", "The weather in a city.", parameters: """
///     {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
///     """) { arguments in "sunny" }
/// ```
public struct Tool: Sendable {
    /// The name that calls have: 1 to 64 letters, digits, `_` or `-`.
    public let name: String
    /// What the model is told of it.
    public let description: String?
    /// Whether the arguments of calls are as the schema says in all that it says, or the tool is refused. Else what of it
    /// cannot be kept is left out.
    public let isStrict: Bool
    /// Answers a call, whose arguments are JSON; nil where the caller does.
    public let answer: (@Sendable (_ arguments: String) async throws -> String)?
    /// The JSON schema of the arguments.
    package let schema: JSONValue
    /// Whether the tool takes a text, which the model writes as an argument of the name ``textArgument``.
    package let takesText: Bool

    /// The only argument of tools that take a text.
    package static let textArgument = "input"

    /// A tool with arguments.
    ///
    /// - Parameters:
    ///   - parameters: the JSON schema of the arguments, an object; unless given, one without properties.
    ///   - answer: answers a call; what it throws is told to the model.
    /// - Throws: ``LLMGenError`` `invalidArgument` for a name or a schema that cannot be.
    public init(
        _ name: String, _ description: String? = nil, parameters: String? = nil, isStrict: Bool = false,
        answer: (@Sendable (_ arguments: String) async throws -> String)? = nil
    ) throws(LLMGenError) {
        var schema = Tool.noParameters
        if let parameters {
            do throws(JSONError) {
                schema = try JSONValue(Array(parameters.utf8), part: "the schema of '\(name)'", takesAnyText: true)
            } catch {
                throw LLMGenError(code: .invalidArgument, message: error.message, cause: error, field: "tools")
            }
        }
        try self.init(name, description, schema: schema, isStrict: isStrict, takesText: false, answer: answer)
    }

    package init(
        _ name: String, _ description: String?, schema: JSONValue, isStrict: Bool, takesText: Bool = false,
        answer: (@Sendable (_ arguments: String) async throws -> String)? = nil
    ) throws(LLMGenError) {
        guard name.wholeMatch(of: /[a-zA-Z0-9_-]{1,64}/) != nil else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "the tool's name is \(String(name.prefix(100)).quoted); it must be 1 to 64 letters, digits, _ "
                    + "or -", field: "tools")
        }
        guard case .object = schema else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "the parameters of the tool \(name.quoted) are \(schema.kindName); give a JSON schema, an "
                    + "object", field: "tools")
        }
        self.name = name
        self.description = description
        self.isStrict = isStrict
        self.schema = schema
        self.takesText = takesText
        self.answer = answer
    }

    package static let noParameters = JSONValue.object(["type": .string("object"), "properties": .object([:])])

    /// The tool as chat templates are told of it.
    package var templateValue: TemplateValue {
        var function: TemplateValue = ["name": .string(name)]
        if let description { function["description"] = .string(description) }
        function["parameters"] = TemplateValue(schema)
        return ["type": "function", "function": function]
    }
}

/// Which tools a model may or must call.
public enum ToolChoice: Sendable, Hashable {
    /// It calls none, and is told of none.
    case none
    /// It calls what it likes.
    case auto
    /// It calls at least one.
    case required
    /// It calls this one, once.
    case named(String)
    /// It calls of these only, at least one of them where a call is required.
    case allowed([String], isRequired: Bool)
}
