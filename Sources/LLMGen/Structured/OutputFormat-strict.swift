import LLMGrammar

extension OutputFormat {
    /// Checks a schema by the rules that OpenAI has for `strict`.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput` with the place of the first that it breaks.
    package static func checkStrict(schema: String) throws(LLMGenError) {
        let format = OutputFormat.json(schema: schema)
        let violations: [SchemaNote]
        do throws(SchemaError) {
            violations = try StrictRules.violations(Array(schema.utf8))
        } catch {
            throw format.fault(error)
        }
        guard let first = violations.first else { return }
        let others = violations.count > 1 ? ", and \(violations.count - 1) more" : ""
        throw LLMGenError(
            code: .invalidInput,
            message: "strict is true, and the JSON schema at \(first)\(others); correct the schema or leave strict out",
            field: "structured_outputs.json")
    }
}
