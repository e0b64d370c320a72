/// The body of a rule as a grammar's text has it.
indirect enum GrammarNode {
    case expression(RegexExpression)
    case name(String)
    case tokens(TokenSet)
    case rule(RuleID)
    /// A lexeme whose ending the text states.
    case lexeme(Lexeme)
    case sequence([GrammarNode])
    case either([GrammarNode])
    case repeated(GrammarNode, min: Int, max: Int?)
}

/// Rules as they were read become rules of a ``Grammar``.
struct GrammarLowering {
    var grammar: Grammar
    let rules: [String: RuleID]
    let ending: Lexeme.Ending
    let skip: LexemeID?

    mutating func productions(_ node: GrammarNode) -> [Production] {
        switch node {
        case .either(let parts): parts.map { Production(symbols($0)) }
        default: [Production(symbols(node))]
        }
    }

    private mutating func symbols(_ node: GrammarNode) -> [GrammarSymbol] {
        switch node {
        case .sequence(let parts): parts.flatMap { symbols($0) }
        case .expression(.empty): []
        default: [symbol(node)]
        }
    }

    private mutating func symbol(_ node: GrammarNode) -> GrammarSymbol {
        switch node {
        case .expression(let expression):
            return .lexeme(grammar.lexeme(Lexeme(expression, ending: ending, skip: skip)))
        case .lexeme(let lexeme): return .lexeme(grammar.lexeme(lexeme))
        case .name(let name): return .rule(rules[name]!)
        case .rule(let rule): return .rule(rule)
        case .tokens(let set): return .tokens(grammar.tokens(set))
        case .sequence, .either: return .rule(grammar.rule(named: "group", productions(node)))
        case .repeated(let inner, let min, let max):
            return .rule(grammar.repeated(symbol(inner), min: min, max: max))
        }
    }
}

/// Folds what needs no stack into regular expressions.
struct RegularFolding {
    let rules: [String: GrammarNode]
    private var known: [String: RegexExpression?] = [:]
    private var open: Set<String> = []
    /// How many nodes all expressions may have together.
    private var budget = 200_000

    init(_ rules: [String: GrammarNode]) { self.rules = rules }

    /// The node with its regular parts as expressions.
    mutating func folded(_ node: GrammarNode) -> GrammarNode {
        if let expression = regular(node) { return .expression(expression) }
        switch node {
        case .sequence(let parts):
            var result: [GrammarNode] = []
            var run: [RegexExpression] = []
            for part in parts {
                if let expression = regular(part) {
                    run.append(expression)
                } else {
                    if !run.isEmpty { result.append(.expression(.sequence(run))) }
                    run = []
                    result.append(folded(part))
                }
            }
            if !run.isEmpty { result.append(.expression(.sequence(run))) }
            return .sequence(result)
        case .either(let parts):
            var result: [GrammarNode] = []
            var run: [RegexExpression] = []
            for part in parts {
                if let expression = regular(part) { run.append(expression) } else { result.append(folded(part)) }
            }
            if !run.isEmpty { result.append(.expression(.either(run))) }
            return .either(result)
        case .repeated(let inner, let min, let max): return .repeated(folded(inner), min: min, max: max)
        default: return node
        }
    }

    /// The node as an expression, or nil where it needs a stack or names tokens.
    mutating func regular(_ node: GrammarNode) -> RegexExpression? {
        guard budget > 0 else { return nil }
        budget -= 1
        switch node {
        case .expression(let expression): return expression
        case .tokens, .rule, .lexeme: return nil
        case .name(let name):
            if let known = known[name] { return known }
            guard open.insert(name).inserted, open.count < 100, let body = rules[name] else { return nil }
            let before = budget
            let result = regular(body)
            open.remove(name)
            // A rule that met itself through another is not known to be regular on its own.
            if result != nil || open.isEmpty {
                // Copies of large rules would multiply: those stay rules.
                let size = before - budget
                known[name] = .some(size > 2000 ? nil : result)
                budget -= size
            }
            return known[name] ?? nil
        case .sequence(let parts):
            var result: [RegexExpression] = []
            for part in parts {
                guard let expression = regular(part) else { return nil }
                result.append(expression)
            }
            return result.count == 1 ? result[0] : .sequence(result)
        case .either(let parts):
            var result: [RegexExpression] = []
            for part in parts {
                guard let expression = regular(part) else { return nil }
                result.append(expression)
            }
            return result.count == 1 ? result[0] : .either(result)
        case .repeated(let inner, let min, let max):
            return regular(inner).map { .repeated($0, min: min, max: max) }
        }
    }
}
