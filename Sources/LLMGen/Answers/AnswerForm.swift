import LLMDialects
import LLMGrammar

/// The form of an answer in a dialect: what the model thinks, then what it says and its calls.
public struct AnswerForm: Sendable {
    let dialect: ToolDialect
    let tools: [Tool]
    let isRequired: Bool
    let isParallel: Bool
    /// What of the prompt the answer goes on with.
    let begun: String
    /// The form of what the model says.
    let content: OutputFormat
    /// Whether an answer without a form is as good where this one cannot be kept.
    let isOptional: Bool

    /// The grammar; nil where there is to be none.
    func compiled(specialTokens: [String: TokenID]) throws(LLMGenError) -> FormatGrammar? {
        var compiled = try content.compiled(specialTokens: specialTokens) ?? FormatGrammar(grammar: Grammar())
        let demand = CallDemand(
            isRequired: isRequired, isParallel: isParallel, content: compiled.grammar.start, promptTail: begun,
            specialTokens: specialTokens)
        do throws(SchemaError) {
            var grammar = compiled.grammar
            grammar.start = try dialect.rule(for: tools.map(\.grammarTool), demand, in: &grammar)
            compiled = FormatGrammar(grammar: grammar, notes: compiled.notes)
            return compiled
        } catch {
            if isOptional { return nil }
            throw fault(error, demand)
        }
    }

    /// The error, with the tool whose schema is at fault.
    private func fault(_ error: SchemaError, _ demand: CallDemand) -> LLMGenError {
        var demand = demand
        demand.content = nil
        let faulty = tools.firstIndex { tool in
            var grammar = Grammar()
            return (try? dialect.rule(for: [tool.grammarTool], demand, in: &grammar)) == nil
        }
        guard let faulty else {
            return LLMGenError(code: .invalidInput, message: "\(error)", cause: error, field: "tools")
        }
        return LLMGenError(
            code: .invalidInput,
            message: "the parameters of the tool \(tools[faulty].name.quoted) cannot be kept in the dialect "
                + "\(dialect.name.quoted): \(error)", cause: error, field: "tools")
    }

    /// Bytes that are the same for the same form, and for no other.
    var key: [UInt8] {
        var key: [UInt8] = []
        func add(_ text: String) { key += Array("\(text.utf8.count) ".utf8) + Array(text.utf8) }
        add("\(dialect)")
        for tool in tools {
            add(tool.name)
            add(tool.schema.text)
            key.append(tool.isStrict ? 1 : 0)
        }
        key += [isRequired, isParallel, isOptional].map { $0 ? 1 : 0 }
        add(begun)
        return key + content.key
    }
}

extension Tool {
    fileprivate var grammarTool: GrammarTool { GrammarTool(name, schema: schema, isStrict: isStrict) }
}
