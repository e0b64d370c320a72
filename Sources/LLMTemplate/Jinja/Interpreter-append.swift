extension Interpreter {
    /// The value of `x + …` or `x ~ …` for an assignment to `x` itself, a text: what follows is appended in place, so that
    /// a text that a loop builds up costs what is added, and not each time its whole length.
    ///
    /// Nil where the assignment is no such; then nothing has been evaluated.
    func appended(_ target: Target, _ expression: Expression, _ scope: Scope) throws -> Value? {
        guard let sum = Sum(expression), sum.begins(with: target), let place = Place(target, scope),
            var start = place.value, case .string = start
        else { return nil }
        let assignmentsBefore = assignments
        let operands = try sum.operands.map { try evaluate($0, scope) }
        position = sum.position
        let texts = try operands.compactMap { operand -> String? in
            if sum.isConcatenation { return try text(operand) }
            if case .string(let text) = operand { return text }
            return nil
        }
        guard texts.count == operands.count, assignments == assignmentsBefore else {
            return try operands.reduce(start) { left, right in
                sum.isConcatenation ? try string(text(left) + text(right)) : try apply(.add, left, right)
            }
        }
        start = .null
        guard case .string(var result) = place.take() else { return nil }
        for text in texts {
            try budget.allocate(textBytes: text.utf8.count)
            result += text
        }
        try budget.check(textBytes: result.utf8.count)
        return .string(result)
    }
}

/// A row of texts that are put together.
private struct Sum {
    let first: Expression
    let operands: [Expression]
    let isConcatenation: Bool
    let position: SourcePosition

    init?(_ expression: Expression) {
        switch expression {
        case .concatenation(let parts, let position):
            first = parts[0]
            operands = Array(parts.dropFirst())
            isConcatenation = true
            self.position = position
        case .arithmetic(let first, let operations):
            guard operations.allSatisfy({ $0.kind == .add }) else { return nil }
            self.first = first
            operands = operations.map(\.operand)
            isConcatenation = false
            position = operations[0].position
        default: return nil
        }
    }

    func begins(with target: Target) -> Bool {
        switch (target, first) {
        case (.name(let name), .name(let other, _)): return name == other
        case (.attribute(let owner, let name, _), .postfix(.name(let other, _), let suffixes)):
            guard owner == other, suffixes.count == 1, case .attribute(let attribute) = suffixes[0].kind else {
                return false
            }
            return name == attribute
        default: return false
        }
    }
}

/// Where a name of the innermost scope, or an attribute of a namespace, keeps its value.
private enum Place {
    case name(String, Scope)
    case attribute(DictKey, Namespace)

    init?(_ target: Target, _ scope: Scope) {
        switch target {
        case .name(let name): self = .name(name, scope)
        case .attribute(let owner, let name, _):
            guard case .namespace(let namespace)? = scope[owner] else { return nil }
            self = .attribute(DictKey(name), namespace)
        case .tuple: return nil
        }
    }

    var value: Value? {
        switch self {
        case .name(let name, let scope): scope.names[name]
        case .attribute(let key, let namespace): namespace.members[key]
        }
    }

    /// The value, which then is here no more.
    func take() -> Value {
        switch self {
        case .name(let name, let scope): scope.names.updateValue(.null, forKey: name) ?? .null
        case .attribute(let key, let namespace): namespace.members.updateValue(.null, forKey: key) ?? .null
        }
    }
}
