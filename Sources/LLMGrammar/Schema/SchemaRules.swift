internal import Synchronization

/// The rules of a grammar for a schema, made when a text first reaches them.
final class SchemaRules: RuleSource {
    /// What a rule stands for.
    enum Key: Hashable, Sendable {
        /// A value; at the start of the document nothing may stand before it.
        case value(Formula, atStart: Bool)
        /// The members still to come of an object, and the closing brace.
        case members(Int, ObjectPlan.State)
        /// The elements still to come of an array, and the closing bracket.
        case elements(Int, ArrayPlan.State)
    }

    private struct State {
        let compiler: SchemaCompiler
        var keys: [Key] = []
        var numbers: [Key: Int] = [:]
        var objects: [ObjectPlan] = []
        var objectNumbers: [ObjectShape: Int] = [:]
        var arrays: [ArrayPlan] = []
        var arrayNumbers: [ArrayShape: Int] = [:]
    }

    private let state: Mutex<State>
    private let lexemes: SchemaLexemes

    init(_ compiler: sending SchemaCompiler, _ lexemes: SchemaLexemes) {
        state = Mutex(State(compiler: compiler))
        self.lexemes = lexemes
    }

    func productions(of key: Int, in grammar: inout Grammar) throws(GrammarError) -> [Production] {
        try state.withLock { state throws(GrammarError) in
            do throws(SchemaError) {
                switch state.keys[key] {
                case .value(let formula, let atStart): return try value(formula, atStart, &state, &grammar)
                case .members(let plan, let reached): return try members(plan, reached, &state, &grammar)
                case .elements(let plan, let reached): return try elements(plan, reached, &state, &grammar)
                }
            } catch {
                throw GrammarError(error.code == .tooComplex ? .tooComplex : .refused, error.description)
            }
        }
    }

    /// The rule for a whole document.
    func rule(for root: Formula, in grammar: inout Grammar) -> RuleID {
        state.withLock { state in rule(.value(root, atStart: true), &state, &grammar) }
    }

    private func rule(_ key: Key, _ state: inout State, _ grammar: inout Grammar) -> RuleID {
        let number: Int
        if let known = state.numbers[key] {
            number = known
        } else {
            number = state.keys.count
            state.keys.append(key)
            state.numbers[key] = number
        }
        let name: String
        switch key {
        case .value: name = "value"
        case .members: name = "members"
        case .elements: name = "elements"
        }
        return grammar.rule(named: name, from: self, key: number)
    }

    // MARK: Productions

    private func value(
        _ formula: Formula, _ atStart: Bool, _ state: inout State, _ grammar: inout Grammar
    ) throws(SchemaError) -> [Production] {
        let node = try state.compiler.node(formula)
        var productions: [Production] = []
        let scalars = SchemaLexemes.scalars(node, isCanonical: false)
        if scalars != .either([]) {
            productions.append(Production([.lexeme(lexemes.token(scalars, atStart: atStart, in: &grammar))]))
        }
        for shape in node.arrays {
            let number: Int
            if let known = state.arrayNumbers[shape] {
                number = known
            } else {
                state.arrays.append(try state.compiler.plan(shape))
                number = state.arrays.count - 1
                state.arrayNumbers[shape] = number
            }
            let start = state.arrays[number].start
            guard state.arrays[number].canFinish(start) else { continue }
            let opening = lexemes.token(.text("["), atStart: atStart, in: &grammar)
            productions.append(
                Production([.lexeme(opening), .rule(rule(.elements(number, start), &state, &grammar))]))
        }
        for shape in node.objects {
            let number: Int
            if let known = state.objectNumbers[shape] {
                number = known
            } else {
                state.objects.append(try state.compiler.plan(shape))
                number = state.objects.count - 1
                state.objectNumbers[shape] = number
            }
            let start = ObjectPlan.State()
            guard state.objects[number].canFinish(start) else { continue }
            let opening = lexemes.token(.text("{"), atStart: atStart, in: &grammar)
            productions.append(
                Production([.lexeme(opening), .rule(rule(.members(number, start), &state, &grammar))]))
        }
        return productions
    }

    private func members(
        _ number: Int, _ reached: ObjectPlan.State, _ state: inout State, _ grammar: inout Grammar
    ) throws(SchemaError) -> [Production] {
        let plan = state.objects[number]
        var productions: [Production] = []
        for step in plan.steps(reached) {
            let key: GrammarSymbol
            let formula: Formula
            let next: ObjectPlan.State
            switch step {
            case .skipped(let next):
                if plan.canFinish(next) {
                    productions.append(
                        Production([.rule(rule(.members(number, next), &state, &grammar), keepsSeen: true)]))
                }
                continue
            case .known(let index, let value, let after):
                let text = SchemaLexemes.string(.literal(plan.known[index].name.bytes), .canonical)
                (key, formula, next) = (.lexeme(lexemes.token(text, in: &grammar)), value, after)
            case .other(let index, let value, let after):
                let text = SchemaLexemes.string(plan.others[index].keys, .canonical)
                (key, formula, next) = (.unseen(lexemes.token(text, in: &grammar)), value, after)
            }
            guard plan.canFinish(next) else { continue }
            var symbols: [GrammarSymbol] = []
            if reached.hasMember { symbols.append(.lexeme(lexemes.separator(",", in: &grammar))) }
            symbols.append(key)
            symbols.append(.lexeme(lexemes.separator(":", in: &grammar)))
            symbols.append(.rule(rule(.value(formula, atStart: false), &state, &grammar)))
            symbols.append(.rule(rule(.members(number, next), &state, &grammar), keepsSeen: true))
            productions.append(Production(symbols))
        }
        if plan.isComplete(reached), plan.takesAnyOrder || reached.position == plan.known.count {
            productions.append(Production([.lexeme(lexemes.token(.text("}"), in: &grammar))]))
        }
        return productions
    }

    private func elements(
        _ number: Int, _ reached: ArrayPlan.State, _ state: inout State, _ grammar: inout Grammar
    ) throws(SchemaError) -> [Production] {
        let plan = state.arrays[number]
        var productions: [Production] = []
        for step in plan.steps(reached) where plan.canFinish(step.next) {
            var symbols: [GrammarSymbol] = []
            if reached.hasElement { symbols.append(.lexeme(lexemes.separator(",", in: &grammar))) }
            if plan.shape.isUnique {
                let texts = SchemaLexemes.scalars(try state.compiler.node(step.formula), isCanonical: true)
                symbols.append(.unseen(lexemes.token(texts, in: &grammar)))
            } else {
                symbols.append(.rule(rule(.value(step.formula, atStart: false), &state, &grammar)))
            }
            symbols.append(
                .rule(rule(.elements(number, step.next), &state, &grammar), keepsSeen: plan.shape.isUnique))
            productions.append(Production(symbols))
        }
        if plan.isComplete(reached) {
            productions.append(Production([.lexeme(lexemes.token(.text("]"), in: &grammar))]))
        }
        return productions
    }
}
