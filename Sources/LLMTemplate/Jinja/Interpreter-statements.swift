extension Interpreter {
    enum Flow {
        case proceed, breakLoop, continueLoop
    }

    /// Runs statements until one leaves the loop around them.
    func run(_ statements: [Statement], in scope: Scope) throws -> Flow {
        try budget.enter()
        for statement in statements {
            let flow = try run(statement, in: scope)
            if flow != .proceed {
                budget.leave()
                return flow
            }
        }
        budget.leave()
        return .proceed
    }

    private func run(_ statement: Statement, in scope: Scope) throws -> Flow {
        try budget.spend()
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression, let place):
            position = place
            try write(text(evaluate(expression, scope)))
        case .assign(let target, let expression, let place): try assign(target, expression, place, scope)
        case .assignBlock(let target, let filters, let body, let place):
            return try assignBlock(target, filters, body, place, scope)
        case .branch(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition, scope).truth() {
                return try run(branch.body, in: scope)
            }
            return try run(otherwise, in: scope)
        case .loop(let loop):
            position = loop.position
            try runLoop(loop, over: evaluate(loop.iterable, scope), depth0: 0, in: scope)
        case .macro(let definition):
            position = definition.position
            scope.names[definition.name ?? ""] = .macro(try makeMacro(definition, in: scope))
        case .callBlock(let call, let caller, let place):
            position = place
            let macro = Value.macro(try makeMacro(caller, in: scope))
            try write(text(evaluate(call, scope, caller: macro)))
        case .filterBlock(let filters, let body, let place): return try filterBlock(filters, body, place, scope)
        case .with(let values, let body, let place): return try with(values, body, place, scope)
        case .scope(let body, let seesSurroundings, let place):
            position = place
            _ = try run(body, in: makeScope(within: seesSurroundings ? scope : root))
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .proceed
    }

    // MARK: Assignments

    private func assign(
        _ target: Target, _ expression: Expression, _ place: SourcePosition, _ scope: Scope
    ) throws {
        if let value = try appended(target, expression, scope) { return try assign(value, to: target, in: scope) }
        let value = try evaluate(expression, scope)
        position = place
        try assign(value, to: target, in: scope)
    }

    func assign(_ value: Value, to target: Target, in scope: Scope) throws {
        switch target {
        case .name(let name):
            assignments += 1
            scope.names[name] = value
        case .attribute(let owner, let name, let place):
            position = place
            guard case .namespace(let namespace)? = scope[owner] else {
                throw JinjaError("'\(owner)' is no namespace, so '\(owner).\(name)' cannot be set")
            }
            assignments += 1
            namespace.members[DictKey(name)] = value
        case .tuple(let targets, let place):
            position = place
            let elements = try elements(of: value)
            guard elements.count == targets.count else {
                throw JinjaError("\(elements.count) values for \(targets.count) names")
            }
            for (target, element) in zip(targets, elements) { try assign(element, to: target, in: scope) }
        }
    }

    private func assignBlock(
        _ target: Target, _ filters: [Expression.Suffix], _ body: [Statement], _ place: SourcePosition, _ scope: Scope
    ) throws -> Flow {
        var flow = Flow.proceed
        let inner = try makeScope(within: scope)
        let text = try captured { flow = try run(body, in: inner) }
        if flow != .proceed { return flow }
        position = place
        try assign(apply(filters, to: .string(text), scope), to: target, in: scope)
        return .proceed
    }

    private func filterBlock(
        _ filters: [Expression.Suffix], _ body: [Statement], _ place: SourcePosition, _ scope: Scope
    ) throws -> Flow {
        var flow = Flow.proceed
        let inner = try makeScope(within: scope)
        let text = try captured { flow = try run(body, in: inner) }
        if flow != .proceed { return flow }
        position = place
        try write(self.text(apply(filters, to: .string(text), inner)))
        return .proceed
    }

    private func with(
        _ values: [(target: Target, value: Expression)], _ body: [Statement], _ place: SourcePosition, _ scope: Scope
    ) throws -> Flow {
        let inner = try makeScope(within: scope)
        for (target, expression) in values {
            let value = try evaluate(expression, scope)
            position = place
            try assign(value, to: target, in: inner)
        }
        return try run(body, in: inner)
    }

    // MARK: Loops

    private func runLoop(_ loop: Statement.Loop, over value: Value, depth0: Int, in scope: Scope) throws {
        position = loop.position
        let state = try loopState(loop, value, depth0, scope)
        defer { state.end() }
        // As in Jinja2, a turn that 'break' or 'continue' cuts short does not count.
        var isEmpty = true
        while let element = try state.next() {
            try budget.spend()
            let inner = try makeScope(["loop": .loop(state)], within: scope)
            position = loop.position
            try assign(element, to: loop.target, in: inner)
            let flow = try run(loop.body, in: inner)
            if flow == .breakLoop { break }
            if flow == .proceed { isEmpty = false }
        }
        if isEmpty { _ = try run(loop.otherwise, in: makeScope(within: scope)) }
    }

    private func loopState(_ loop: Statement.Loop, _ value: Value, _ depth0: Int, _ scope: Scope) throws -> LoopState {
        var produce = try producer(of: value)
        var count: Int?
        if let filter = loop.filter {
            let all = produce
            produce = { [unowned self] in
                while let element = try all() {
                    let inner = try makeScope(within: scope)
                    try assign(element, to: loop.target, in: inner)
                    if try evaluate(filter, inner).truth() { return element }
                }
                return nil
            }
        } else if case .iterator = value {
            count = nil
        } else {
            count = try self.count(of: value)
        }
        var recurse: ((Value, Int) throws -> String)?
        if loop.isRecursive {
            recurse = { [unowned self] value, depth0 in
                try captured { try runLoop(loop, over: value, depth0: depth0, in: scope) }
            }
        }
        return LoopState(depth0: depth0, count: count, recurse: recurse, produce)
    }
}
