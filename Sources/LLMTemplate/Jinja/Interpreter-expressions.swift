extension Interpreter {
    /// The value of an expression. `caller` goes to the last call in it, for a `call` block.
    func evaluate(_ expression: Expression, _ scope: Scope, caller: Value? = nil) throws -> Value {
        try budget.spend()
        switch expression {
        case .null: return .null
        case .flag(let value): return .flag(value)
        case .integer(let value): return .integer(value)
        case .float(let value): return .float(value)
        case .string(let text): return .string(text)
        case .name(let name, _): return scope[name] ?? .undefined(.name(name))
        default: break
        }
        try budget.enter()
        let value = try compound(expression, scope, caller)
        budget.leave()
        return value
    }

    private func compound(_ expression: Expression, _ scope: Scope, _ caller: Value?) throws -> Value {
        switch expression {
        case .list(let elements): return try list(elements.map { try evaluate($0, scope) })
        case .tuple(let elements): return try tuple(elements.map { try evaluate($0, scope) })
        case .dict(let members, let place): return try dict(members, place, scope)
        case .postfix(let base, let suffixes):
            return try apply(suffixes, to: evaluate(base, scope), scope, caller: caller)
        case .arithmetic(let first, let operations): return try arithmetic(first, operations, scope)
        case .signed(let operand, let isNegative, let place):
            let value = try evaluate(operand, scope)
            position = place
            return try signed(value, isNegative)
        case .concatenation(let operands, let place): return try concatenation(operands, place, scope)
        case .comparison(let first, let operands, let place): return try comparison(first, operands, place, scope)
        case .not(let operand, let isNegated): return .flag(try evaluate(operand, scope).truth() != isNegated)
        case .and(let operands): return try choice(operands, endsOn: false, scope)
        case .or(let operands): return try choice(operands, endsOn: true, scope)
        case .conditional(let choices, let otherwise, let place):
            for choice in choices where try evaluate(choice.condition, scope).truth() {
                return try evaluate(choice.value, scope)
            }
            if let otherwise { return try evaluate(otherwise, scope) }
            return .undefined(
                .because("the inline if in line \(place.line) came out false, and has no else"))
        case .null, .flag, .integer, .float, .string, .name: return .null
        }
    }

    private func dict(
        _ pairs: [(key: Expression, value: Expression)], _ place: SourcePosition, _ scope: Scope
    ) throws -> Value {
        var members: Dict.Members = [:]
        for (key, value) in pairs {
            let key = try evaluate(key, scope)
            let value = try evaluate(value, scope)
            position = place
            try budget.spend(key.extent.count)
            members[try DictKey(key)] = value
        }
        return try dict(members)
    }

    private func choice(_ operands: [Expression], endsOn end: Bool, _ scope: Scope) throws -> Value {
        var value = Value.null
        for operand in operands {
            value = try evaluate(operand, scope)
            if try value.truth() == end { break }
        }
        return value
    }

    private func concatenation(_ operands: [Expression], _ place: SourcePosition, _ scope: Scope) throws -> Value {
        var result = ""
        for operand in operands {
            let text = try text(evaluate(operand, scope))
            position = place
            try budget.allocate(textBytes: result.utf8.count + text.utf8.count)
            result += text
        }
        return .string(result)
    }

    private func comparison(
        _ first: Expression, _ operands: [(comparison: Comparison, operand: Expression)], _ place: SourcePosition,
        _ scope: Scope
    ) throws -> Value {
        var left = try evaluate(first, scope)
        for (comparison, operand) in operands {
            let right = try evaluate(operand, scope)
            position = place
            guard try compare(left, comparison, right) else { return .flag(false) }
            left = right
        }
        return .flag(true)
    }

    // MARK: Suffixes

    func apply(
        _ suffixes: [Expression.Suffix], to base: Value, _ scope: Scope, caller: Value? = nil
    ) throws -> Value {
        var value = base
        for (index, suffix) in suffixes.enumerated() {
            value = try apply(suffix, to: value, scope, caller: index == suffixes.count - 1 ? caller : nil)
        }
        return value
    }

    private func apply(
        _ suffix: Expression.Suffix, to value: Value, _ scope: Scope, caller: Value?
    ) throws -> Value {
        switch suffix.kind {
        case .attribute(let name):
            position = suffix.position
            return try attribute(name, of: value)
        case .item(let expression):
            let key = try evaluate(expression, scope)
            position = suffix.position
            return try item(key, of: value)
        case .slice(let start, let stop, let step):
            let bounds = try [start, stop, step].map { try $0.map { try evaluate($0, scope) } }
            position = suffix.position
            return try slice(of: value, bounds)
        case .call(let written):
            var arguments = try self.arguments(written, scope)
            if let caller { arguments.keyword.append(("caller", caller)) }
            position = suffix.position
            return try call(value, arguments)
        case .filter(let name, let written):
            let arguments = try self.arguments(written, scope)
            position = suffix.position
            return try filter(name, value, arguments)
        case .test(let name, let written, let isNegated):
            let arguments = try self.arguments(written, scope)
            position = suffix.position
            return .flag(try test(name, value, arguments) != isNegated)
        }
    }

    private func arguments(_ written: CallArguments, _ scope: Scope) throws -> Arguments {
        var arguments = Arguments()
        for expression in written.positional { arguments.positional.append(try evaluate(expression, scope)) }
        for (name, expression) in written.keyword { arguments.keyword.append((name, try evaluate(expression, scope))) }
        if let row = written.unpackedPositional {
            arguments.positional += try elements(of: evaluate(row, scope))
        }
        if let dict = written.unpackedKeyword {
            guard case .dict(let dict) = try evaluate(dict, scope) else {
                throw JinjaError("only a dict can stand behind '**'")
            }
            for (key, value) in dict.members {
                guard let name = key.value.text else { throw JinjaError("names of arguments must be strings") }
                guard !arguments.keyword.contains(where: { $0.name == name }) else {
                    throw JinjaError("the argument '\(name.prefix(40))' is given twice")
                }
                try budget.spend(arguments.keyword.count)
                arguments.keyword.append((name, value))
            }
        }
        return arguments
    }

    func filter(_ name: String, _ value: Value, _ arguments: Arguments) throws -> Value {
        guard let filter = Filters.table[name] else { throw JinjaError("there is no filter '\(name)'") }
        try spend(on: value)
        for argument in arguments.positional { try spend(on: argument) }
        return try filter(self, value, arguments)
    }

    func test(_ name: String, _ value: Value, _ arguments: Arguments) throws -> Bool {
        guard let test = Predicates.table[name] else { throw JinjaError("there is no test '\(name)'") }
        try budget.spend()
        return try test(self, value, arguments)
    }

    /// Pays for walking over a text or a row, as most filters and methods do.
    func spend(on value: Value) throws {
        switch value {
        case .string(let text), .markup(let text): try budget.spend(1 + text.utf8.count / Extent.bytesPerCount)
        case .list(let row), .tuple(let row): try budget.spend(1 + row.elements.count / 16)
        default: try budget.spend()
        }
    }
}
