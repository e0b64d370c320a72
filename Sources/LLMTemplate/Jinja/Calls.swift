/// What can be called: macros, methods, and the functions that every template has.
extension Interpreter {
    func call(_ value: Value, _ arguments: Arguments) throws -> Value {
        switch value {
        case .macro(let macro): return try .string(call(macro, arguments))
        case .method(let method): return try Methods.call(method, arguments, self)
        case .function(let function): return try call(function, arguments)
        case .loop(let loop):
            guard let recurse = loop.recurse else {
                throw JinjaError("the loop can be called only where it is 'recursive'")
            }
            let bound = try arguments.bind("loop()", "iterable", required: 1)
            return .string(try recurse(bound[0] ?? .null, loop.depth0 + 1))
        case .joiner(let joiner):
            _ = try arguments.bind("joiner()")
            defer { joiner.isUsed = true }
            return joiner.isUsed ? joiner.separator : .string("")
        case .undefined(let reason): throw JinjaError(reason.message)
        default: throw JinjaError("a \(value.typeName) cannot be called")
        }
    }

    // MARK: Macros

    func call(_ macro: Macro, _ arguments: Arguments) throws -> String {
        try budget.enter()
        let scope = try makeScope(within: macro.scope)
        try bind(macro.definition, arguments, scope)
        let text = try captured { _ = try run(macro.definition.body, in: scope) }
        budget.leave()
        return text
    }

    private func bind(_ definition: MacroDefinition, _ arguments: Arguments, _ scope: Scope) throws {
        let name = definition.name.map { "the macro '\($0)'" } ?? "the caller"
        var keyword = arguments.keyword
        func take(_ name: String) throws -> Value? {
            try budget.spend(1 + keyword.count)
            return keyword.firstIndex { $0.name == name }.map { keyword.remove(at: $0).value }
        }
        for (index, parameter) in definition.parameters.enumerated() {
            let given = index < arguments.positional.count ? arguments.positional[index] : try take(parameter.name)
            if let given {
                scope.names[parameter.name] = given
            } else if let defaultValue = parameter.defaultValue {
                scope.names[parameter.name] = try evaluate(defaultValue, scope)
            } else {
                scope.names[parameter.name] = .undefined(
                    .because("the parameter '\(parameter.name)' was not provided"))
            }
        }
        if definition.usesCaller {
            scope.names["caller"] = try take("caller") ?? .undefined(.because("there is no caller"))
        }
        if definition.takesKwargs {
            scope.names["kwargs"] = try dict(Dict.Members(keyword.map { (DictKey($0.name), $0.value) }) { $1 })
        } else if let extra = keyword.first {
            throw JinjaError("\(name) takes no argument '\(extra.name)'")
        }
        let rest = arguments.positional.dropFirst(definition.parameters.count)
        if definition.takesVarargs {
            scope.names["varargs"] = try tuple(Array(rest))
        } else if !rest.isEmpty {
            throw JinjaError(
                "\(name) takes at most \(definition.parameters.count) arguments, not \(arguments.positional.count)")
        }
    }

    // MARK: Global functions

    private func call(_ function: GlobalFunction, _ arguments: Arguments) throws -> Value {
        switch function {
        case .range: return try range(arguments)
        case .dict: return try dict(members(arguments, of: "dict()"))
        case .namespace:
            let namespace = try makeNamespace()
            namespace.members = try members(arguments, of: "namespace()")
            return .namespace(namespace)
        case .cycler:
            guard !arguments.positional.isEmpty, arguments.keyword.isEmpty else {
                throw JinjaError("cycler() needs at least one item")
            }
            return .cycler(Cycler(try Row(arguments.positional)))
        case .joiner:
            let bound = try arguments.bind("joiner()", "sep")
            return .joiner(Joiner(bound[0] ?? .string(", ")))
        case .raiseException:
            let bound = try arguments.bind("raise_exception()", "message", required: 1)
            throw JinjaError(try text(bound[0] ?? .null), kind: .raised)
        case .strftimeNow:
            let bound = try arguments.bind("strftime_now()", "format", required: 1)
            guard let format = try bound.text(0) else { throw JinjaError("strftime_now() needs a format") }
            return try string(clock.formatted(format))
        }
    }

    private func range(_ arguments: Arguments) throws -> Value {
        guard arguments.keyword.isEmpty, 1...3 ~= arguments.positional.count else {
            throw JinjaError("range() takes 1 to 3 numbers")
        }
        let numbers = try arguments.positional.map { value in
            guard let number = value.wholeNumber else {
                throw JinjaError("range() takes whole numbers, not a \(value.typeName)")
            }
            return number
        }
        return .range(
            try IntegerRange(
                start: numbers.count > 1 ? numbers[0] : 0, stop: numbers.count > 1 ? numbers[1] : numbers[0],
                step: numbers.count > 2 ? numbers[2] : 1))
    }

    /// The members that `dict(mapping or pairs, name=value, …)` names.
    private func members(_ arguments: Arguments, of function: String) throws -> Dict.Members {
        guard arguments.positional.count <= 1 else { throw JinjaError("\(function) takes one argument without a name") }
        var members: Dict.Members = [:]
        if let source = arguments.positional.first {
            if case .dict(let dict) = source {
                members = dict.members
            } else {
                for pair in try elements(of: source) {
                    let parts = try elements(of: pair)
                    guard parts.count == 2 else {
                        throw JinjaError("\(function) needs pairs, not rows of \(parts.count)")
                    }
                    try budget.allocate(elements: 2)
                    members[try DictKey(parts[0])] = parts[1]
                }
            }
        }
        for (name, value) in arguments.keyword { members[DictKey(name)] = value }
        return members
    }
}
