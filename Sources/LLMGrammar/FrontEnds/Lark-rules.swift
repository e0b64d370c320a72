internal import LLMJSON

/// What was read, as rules and lexemes.
extension LarkParser {
    mutating func grammar() throws(GrammarError) -> Grammar {
        guard rules["start"] != nil else {
            throw GrammarError(.malformed, "the grammar has no rule \"start\"; the output is what that matches")
        }
        var skip: LexemeID?
        if !ignored.isEmpty {
            var parts: [RegexExpression] = []
            for node in ignored { parts.append(try terminal(node)) }
            skip = result.lexeme(Lexeme(.repeated(.either(parts), min: 1, max: nil)), named: "what is ignored")
        }
        var ids: [String: RuleID] = [:]
        for name in rules.keys.sorted() { ids[name] = result.rule(named: name) }
        for name in terminals.keys.sorted() {
            let lexeme = result.lexeme(Lexeme(try terminal(.name(name)), skip: skip), named: name)
            ids[name] = result.rule(named: name, [Production([.lexeme(lexeme)])])
        }
        var lowering = GrammarLowering(grammar: result, rules: ids, ending: .longest, skip: skip)
        for name in rules.keys.sorted() {
            let body = try attributed(rules[name]!, attributes[name]!, skip: skip)
            let productions = lowering.productions(body)
            lowering.grammar.define(ids[name]!, productions)
        }
        var grammar = lowering.grammar
        var whole: [GrammarSymbol] = [.rule(ids["start"]!)]
        if let skip {
            let rest = grammar.lexeme(Lexeme(.optional(grammar.lexemes[skip.index].expression)))
            whole.append(.lexeme(rest))
        }
        grammar.start = grammar.rule(named: "output", [Production(whole)])
        return grammar
    }

    /// A rule's body as its attributes say.
    private mutating func attributed(
        _ body: GrammarNode, _ attributes: Attributes, skip: LexemeID?
    ) throws(GrammarError) -> GrammarNode {
        var body = body
        if let count = attributes.maxTokens {
            let text = try terminal(body)
            var arena = RegexArena()
            let id = try arena.compile(text)
            guard try !arena.matchesSomething(arena.both([arena.not(id), try arena.compile(.anyText)])),
                attributes.end == nil, !attributes.isLazy
            else {
                throw cursor.refused(
                    "max_tokens is kept at rules that take any text only, such as /[^]*/, with no stop, suffix or lazy",
                    at: attributes.position)
            }
            body = .repeated(.tokens(.textBut([])), min: 0, max: count)
        } else if let end = attributes.end {
            body = .lexeme(Lexeme(.sequence([try terminal(body), try terminal(end)]), ending: .shortest, skip: skip))
        } else if attributes.isLazy {
            body = .lexeme(Lexeme(try terminal(body), ending: .shortest, skip: skip))
        }
        return body
    }

    /// A node as a regular expression: terminals may name terminals only.
    private mutating func terminal(_ node: GrammarNode) throws(GrammarError) -> RegexExpression {
        if folding == nil { folding = RegularFolding(terminals) }
        if let expression = folding!.regular(node) { return expression }
        var name = ""
        if case .name(let terminal) = node { name = " \(terminal.quoted)" }
        throw GrammarError(
            .malformed,
            "\(cursor.part): the terminal\(name), or what %ignore, lazy, stop, suffix or max_tokens is about, names a rule, "
                + "a token or itself, or takes more than \(RegularFolding.limits.size) parts")
    }
}
