internal import LLMJSON

/// Rules over lexemes, tokens and other rules: what every front end makes, and what the engine follows.
///
/// A front end adds its part to a grammar and returns the rule that stands for it, so that grammars can hold one another:
///
///     var grammar = Grammar()
///     let number = grammar.lexeme(Lexeme(.repeated(.bytes(ByteSet(0x30...0x39)), min: 1, max: nil)))
///     grammar.start = grammar.rule(named: "start", [Production([.lexeme(number)])])
package struct Grammar: Sendable {
    package private(set) var lexemes: [Lexeme] = []
    package private(set) var tokenSets: [TokenSet] = []
    private(set) var rules: [Rule] = []
    /// The rule that the whole output matches.
    package var start: RuleID?

    private var lexemeIDs: [Lexeme: LexemeID] = [:]
    private var lexemeNames: [String?] = []
    private var tokenSetIDs: [TokenSet: TokenSetID] = [:]
    private var lazyRules: [LazyRule: RuleID] = [:]
    private var repetitions: [Repetition: RuleID] = [:]

    struct Rule: Sendable {
        var name: String
        var body: Body

        enum Body: Sendable {
            case open
            case productions([Production])
            /// Asked of `source` when the rule is first reached.
            case lazy(source: any RuleSource, key: Int)
        }
    }

    private struct LazyRule: Hashable {
        let source: ObjectIdentifier
        let key: Int
    }

    private struct Repetition: Hashable {
        let symbol: GrammarSymbol
        let separator: GrammarSymbol?
        let min: Int
        let max: Int?
    }

    package init() {}

    // MARK: Terminals

    /// The lexeme, once however often it is added. A lexeme that matches the empty text may also be left out.
    package mutating func lexeme(_ lexeme: Lexeme, named name: String? = nil) -> LexemeID {
        if let known = lexemeIDs[lexeme] { return known }
        let id = LexemeID(index: lexemes.count)
        lexemes.append(lexeme)
        lexemeNames.append(name)
        lexemeIDs[lexeme] = id
        return id
    }

    package mutating func tokens(_ set: TokenSet) -> TokenSetID {
        if let known = tokenSetIDs[set] { return known }
        let id = TokenSetID(index: tokenSets.count)
        tokenSets.append(set)
        tokenSetIDs[set] = id
        return id
    }

    /// What errors call a lexeme.
    package func name(of lexeme: LexemeID) -> String? { lexemeNames[lexeme.index] }

    package func name(of rule: RuleID) -> String { rules[rule.index].name }

    // MARK: Rules

    /// A rule whose productions come later, by ``define(_:_:)``.
    package mutating func rule(named name: String) -> RuleID {
        rules.append(Rule(name: name, body: .open))
        return RuleID(index: rules.count - 1)
    }

    package mutating func rule(named name: String, _ productions: [Production]) -> RuleID {
        let id = rule(named: name)
        define(id, productions)
        return id
    }

    /// A rule whose productions are asked of `source` when a text first reaches it, once however often it is added.
    package mutating func rule(named name: String, from source: any RuleSource, key: Int) -> RuleID {
        let lazyRule = LazyRule(source: ObjectIdentifier(source), key: key)
        if let known = lazyRules[lazyRule] { return known }
        rules.append(Rule(name: name, body: .lazy(source: source, key: key)))
        let id = RuleID(index: rules.count - 1)
        lazyRules[lazyRule] = id
        return id
    }

    package mutating func define(_ rule: RuleID, _ productions: [Production]) {
        rules[rule.index].body = .productions(productions)
    }

    /// `symbol` from `min` to `max` times with `separator` between, without copies: a counter is the rule's parameter. The
    /// symbols are called with the parameters they name, of which `.same` and the like see the counter.
    package mutating func repeated(
        _ symbol: GrammarSymbol, min: Int, max: Int?, separator: GrammarSymbol? = nil
    ) -> RuleID {
        let key = Repetition(symbol: symbol, separator: separator, min: min, max: max)
        if let known = repetitions[key] { return known }
        let counter = ParameterField.whole
        let limit = UInt64(max ?? min)
        let rest = rule(named: "repetition")
        let counted = GrammarSymbol.rule(rest, .counting(counter, upTo: limit))
        let next = (separator.map { [$0] } ?? []) + [symbol, counted]
        var more = [Production(next, if: max == nil ? .always : .below(counter, limit))]
        more.append(Production([], if: .atLeast(counter, UInt64(min))))
        define(rest, more)
        var first: [Production] = []
        if max != 0 { first.append(Production([symbol, .rule(rest, .constant(min == 0 && max == nil ? 0 : 1))])) }
        if min == 0 { first.append(Production([])) }
        let id = rule(named: "repetition", first)
        repetitions[key] = id
        return id
    }

    /// The productions of a rule; those of a lazy one are made and kept.
    mutating func productions(of rule: RuleID) throws(GrammarError) -> [Production] {
        switch rules[rule.index].body {
        case .open: throw GrammarError(.malformed, "the rule \(rules[rule.index].name.quoted) is named but not defined")
        case .productions(let productions): return productions
        case .lazy(let source, let key):
            let productions = try source.productions(of: key, in: &self)
            rules[rule.index].body = .productions(productions)
            return productions
        }
    }
}

/// What makes the productions of lazy rules.
package protocol RuleSource: AnyObject, Sendable {
    /// The productions of the rule that was added with `key`. It may add rules, lazy ones too, and lexemes. It is asked
    /// once for each rule of a compiled grammar, perhaps again after the grammar's tables were dropped.
    func productions(of key: Int, in grammar: inout Grammar) throws(GrammarError) -> [Production]
}
