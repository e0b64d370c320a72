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
