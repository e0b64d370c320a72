import LLMGrammar

extension OutputFormat {
    /// Checks a schema by the rules that OpenAI has for `strict`, but takes keywords and formats that OpenAI does not: what
    /// cannot be kept is refused when the schema is compiled.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput` with the places that break one.
    package static func checkStrict(schema: String) throws(LLMGenError) {
        let format = OutputFormat.json(schema: schema)
        let broken: [SchemaNote]
        do throws(SchemaError) {
            broken = try StrictRules.violations(Array(schema.utf8))
        } catch {
            throw format.fault(error)
        }
        guard !broken.isEmpty else { return }
        let shown = 5
        let others = broken.count > shown ? "; and at \(broken.count - shown) more places" : ""
        let places = broken.prefix(shown).map(\.description).joined(separator: "; at ")
        throw LLMGenError(
            code: .invalidInput,
            message:
                "strict is true, and the JSON schema at \(places)\(others); correct the schema or leave strict out",
            field: "structured_outputs.json")
    }
}
