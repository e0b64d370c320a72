package import LLMGrammar
import LLMSampling

/// What an output format becomes: a grammar, and what of it is not kept.
package struct FormatGrammar: Sendable {
    package let grammar: Grammar
    /// What a lenient reading of a schema has left out.
    package var notes: [String] = []
}

extension OutputFormat {
    /// The format as a grammar; nil for free text.
    ///
    /// - Parameter specialTokens: tokens that a grammar may name, by their names.
    /// - Throws: ``LLMGenError`` `invalidInput` with the place of what cannot be kept.
    package func compiled(specialTokens: [String: TokenID] = [:]) throws(LLMGenError) -> FormatGrammar? {
        do {
            switch self {
            case .text: return nil
            case .json(let schema, let style): return try Self.json(Array(schema.utf8), style)
            case .jsonObject(let style): return try Self.json(Array(#"{"type":"object"}"#.utf8), style)
            case .regex(let pattern): return FormatGrammar(grammar: try Grammar(pattern: pattern))
            case .choice(let texts): return FormatGrammar(grammar: try Grammar(choices: texts))
            case .grammar(let text):
                // What defines a rule tells the two languages apart.
                return FormatGrammar(
                    grammar: text.contains("::=")
                        ? try Grammar(gbnf: text, specialTokens: specialTokens)
                        : try Grammar(lark: text, specialTokens: specialTokens))
            case .structuralTag(let text):
                return FormatGrammar(
                    grammar: try Grammar(structuralTag: Array(text.utf8), specialTokens: specialTokens))
            case .answer(let form): return try form.compiled(specialTokens: specialTokens)
            }
        } catch let error as LLMGenError {
            throw error
        } catch {
            throw fault(error)
        }
    }

    private static func json(_ schema: [UInt8], _ style: JSONStyle) throws -> FormatGrammar {
        var options = SchemaOptions()
        options.whiteSpace =
            switch style.whiteSpace {
            case .bounded: .bounded
            case .none: .none
            case .pattern(let pattern): .pattern(pattern)
            }
        options.takesAnyOrder = style.takesAnyOrder
        options.forbidsAdditionalProperties = style.forbidsAdditionalProperties
        options.isLenient = style.isLenient
        let schema = try JSONSchema(schema, options)
        var grammar = Grammar()
        grammar.start = schema.rule(in: &grammar)
        return FormatGrammar(grammar: grammar, notes: schema.notes.map(\.description))
    }

    /// The error of a format that cannot be kept.
    func fault(_ error: any Error) -> LLMGenError {
        LLMGenError(code: .invalidInput, message: "\(error)", cause: error, field: "structured_outputs.\(name)")
    }
}
