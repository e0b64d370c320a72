import ArgumentParser
import LLMGen

/// The form that an output must have.
struct OutputOptionGroup: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "File with a JSON schema that the output must be valid under; - for stdin.", valueName: "file"))
    var jsonSchema: String?

    @Flag(help: "Make the output a JSON object.")
    var jsonObject = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Regular expression that the whole output must match.", valueName: "pattern"))
    var regex: String?

    @Option(
        help: ArgumentHelp(
            "File with a grammar that the output must follow, in the style of Lark or GBNF; - for stdin.",
            valueName: "file"))
    var grammar: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Text that the output may be; give the option again for each.", valueName: "text"))
    var choice: [String] = []

    func validate() throws {
        let given = [jsonSchema != nil, jsonObject, regex != nil, grammar != nil, !choice.isEmpty].count { $0 }
        if given > 1 {
            throw ValidationError(
                "--json-schema, --json-object, --regex, --grammar and --choice exclude one another; give one of them")
        }
    }

    /// The form; nil where none is given.
    func format() throws -> OutputFormat? {
        if let jsonSchema { return .json(schema: try FormatFile.text(jsonSchema, "schema file")) }
        if jsonObject { return .jsonObject() }
        if let regex { return .regex(regex) }
        if let grammar { return .grammar(try FormatFile.text(grammar, "grammar file")) }
        return choice.isEmpty ? nil : .choice(choice)
    }
}

/// A file with a schema, a grammar, or a text to check.
enum FormatFile {
    /// - Throws: ``LLMGenError`` `notFound`, or `invalidInput` for what is no UTF-8.
    static func text(_ file: String, _ kind: String) throws -> String {
        if file == "-" { return try PromptSource.text(of: "-") }
        guard let text = String(validating: try PromptSource.read(file, kind), as: UTF8.self) else {
            throw LLMGenError(code: .invalidInput, message: "'\(file)': not UTF-8 text; convert it first")
        }
        return text
    }
}
