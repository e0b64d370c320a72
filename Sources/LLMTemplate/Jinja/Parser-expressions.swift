extension Parser {
    /// An expression; `allowsConditional` is false where an `if` that follows is not part of it.
    mutating func expression(allowsConditional: Bool = true) throws -> Expression {
        try nested { parser in
            allowsConditional ? try parser.conditional() : try parser.disjunction()
        }
    }

    /// Expressions between commas, which make a tuple, or a single one.
    mutating func expressions(
        allowsConditional: Bool = true, isParenthesized: Bool = false, until end: String? = nil
    ) throws -> Expression {
        var elements: [Expression] = []
        var isTuple = false
        while !isTupleEnd(end) {
            elements.append(try expression(allowsConditional: allowsConditional))
            guard skip(.comma) else { break }
            isTuple = true
        }
        if !isTuple {
            if let element = elements.first { return element }
            guard isParenthesized else { throw failure("\(current) stands where an expression is needed") }
        }
        return .tuple(elements)
    }

    private func isTupleEnd(_ end: String?) -> Bool {
        if let end, isName(end) { return true }
        return current == .variableEnd || current == .blockEnd || isSymbol(.rightParenthesis)
    }

    // MARK: Operators, the loosest first

    private mutating func conditional() throws -> Expression {
        let start = position
        let unknownCount = unknownNames.count
        var expression = try disjunction()
        var count = 0
        while skip("if") {
            count += 1
            guard count <= Limits.depth else {
                throw JinjaError("more than \(Limits.depth) conditions in a row", kind: .limit, at: position)
            }
            var choices = [Expression.Choice(condition: try disjunction(), value: expression)]
            var otherwise: Expression?
            while skip("else") {
                let value = try disjunction()
                guard skip("if") else {
                    otherwise = value
                    break
                }
                choices.append(Expression.Choice(condition: try disjunction(), value: value))
            }
            unknownNames.removeSubrange(unknownCount...)
            expression = .conditional(choices, otherwise: otherwise, start)
        }
        return expression
    }

    private mutating func disjunction() throws -> Expression {
        var operands = [try conjunction()]
        while skip("or") { operands.append(try conjunction()) }
        return operands.count == 1 ? operands[0] : .or(operands)
    }

    private mutating func conjunction() throws -> Expression {
        var operands = [try negation()]
        while skip("and") { operands.append(try negation()) }
        return operands.count == 1 ? operands[0] : .and(operands)
    }

    private mutating func negation() throws -> Expression {
        var count = 0
        while skip("not") { count += 1 }
        let operand = try comparison()
        return count == 0 ? operand : .not(operand, isNegated: count % 2 == 1)
    }

    private mutating func comparison() throws -> Expression {
        let start = position
        let first = try sum()
        var operands: [(comparison: Comparison, operand: Expression)] = []
        while let comparison = takeComparison() { operands.append((comparison, try sum())) }
        return operands.isEmpty ? first : .comparison(first, operands, start)
    }

    private mutating func takeComparison() -> Comparison? {
        if skip("in") { return .isIn }
        if isName("not"), next == .name("in") {
            advance()
            advance()
            return .isNotIn
        }
        guard case .symbol(let symbol) = current, let comparison = Comparison(rawValue: symbol.rawValue) else {
            return nil
        }
        advance()
        return comparison
    }

    private mutating func sum() throws -> Expression {
        try chain([.add, .subtract]) { parser throws in try parser.concatenation() }
    }

    private mutating func concatenation() throws -> Expression {
        let start = position
        var operands = [try product()]
        while skip(.tilde) { operands.append(try product()) }
        return operands.count == 1 ? operands[0] : .concatenation(operands, start)
    }

    private mutating func product() throws -> Expression {
        try chain([.multiply, .divide, .floorDivide, .modulo]) { parser throws in try parser.power() }
    }

    private mutating func power() throws -> Expression {
        try chain([.power]) { parser throws in try parser.unary() }
    }

    private mutating func chain(
        _ symbols: Set<Token.Symbol>, _ operand: (inout Parser) throws -> Expression
    ) throws -> Expression {
        let first = try operand(&self)
        var operations: [Expression.Operation] = []
        while case .symbol(let symbol) = current, symbols.contains(symbol),
            let kind = Arithmetic(rawValue: symbol.rawValue)
        {
            let place = position
            advance()
            operations.append(Expression.Operation(kind: kind, operand: try operand(&self), position: place))
        }
        return operations.isEmpty ? first : .arithmetic(first, operations)
    }

    private mutating func unary() throws -> Expression {
        let start = position
        var signs: [Bool] = []
        while isSymbol(.subtract) || isSymbol(.add) {
            signs.append(isSymbol(.subtract))
            advance()
        }
        var value = try primary()
        let suffixes = try suffixes()
        if !suffixes.isEmpty { value = .postfix(value, suffixes) }
        if !signs.isEmpty { value = .signed(value, isNegative: signs.count { $0 } % 2 == 1, start) }
        let filters = try filters()
        return filters.isEmpty ? value : .postfix(value, filters)
    }

    // MARK: Values

    mutating func primary() throws -> Expression {
        let start = position
        switch current {
        case .name(let name):
            advance()
            return named(name, at: start)
        case .string(var text):
            advance()
            while case .string(let more) = current {
                text += more
                advance()
            }
            return .string(text)
        case .integer(let value):
            advance()
            return .integer(value)
        case .float(let value):
            advance()
            return .float(value)
        case .symbol(.leftParenthesis):
            advance()
            let value = try nested { parser in try parser.expressions(isParenthesized: true) }
            try expect(.rightParenthesis)
            return value
        case .symbol(.leftBracket): return try list()
        case .symbol(.leftBrace): return try dict()
        default: throw failure("\(current) stands where a value is needed")
        }
    }

    private mutating func named(_ name: String, at position: SourcePosition) -> Expression {
        switch name {
        case "true", "True": return .flag(true)
        case "false", "False": return .flag(false)
        case "none", "None": return .null
        case "caller": for index in openMacros.indices { openMacros[index].caller = true }
        case "varargs": for index in openMacros.indices { openMacros[index].varargs = true }
        case "kwargs": for index in openMacros.indices { openMacros[index].kwargs = true }
        default: break
        }
        return .name(name, position)
    }

    private mutating func list() throws -> Expression {
        advance()
        var elements: [Expression] = []
        while !isSymbol(.rightBracket) {
            elements.append(try expression())
            guard skip(.comma) else { break }
        }
        try expect(.rightBracket)
        return .list(elements)
    }

    private mutating func dict() throws -> Expression {
        let start = position
        advance()
        var members: [(key: Expression, value: Expression)] = []
        while !isSymbol(.rightBrace) {
            let key = try expression()
            try expect(.colon)
            members.append((key, try expression()))
            guard skip(.comma) else { break }
        }
        try expect(.rightBrace)
        return .dict(members, start)
    }

    // MARK: Suffixes

    /// Attributes, items and calls.
    mutating func suffixes() throws -> [Expression.Suffix] {
        var suffixes: [Expression.Suffix] = []
        while true {
            let start = position
            let kind: Expression.Suffix.Kind
            switch current {
            case .symbol(.dot):
                advance()
                kind = try attribute()
            case .symbol(.leftBracket): kind = try subscripted()
            case .symbol(.leftParenthesis): kind = .call(try arguments())
            default: return suffixes
            }
            suffixes.append(Expression.Suffix(kind: kind, position: start))
        }
    }

    private mutating func attribute() throws -> Expression.Suffix.Kind {
        switch current {
        case .name(let name):
            advance()
            return .attribute(name)
        case .integer(let value):
            advance()
            return .item(.integer(value))
        default: throw failure("\(current) stands where a name or a number is needed")
        }
    }

    private mutating func subscripted() throws -> Expression.Suffix.Kind {
        advance()
        var kinds: [Expression.Suffix.Kind] = []
        var elements: [Expression] = []
        while !isSymbol(.rightBracket) {
            let kind = try sliceOrItem()
            kinds.append(kind)
            if case .item(let element) = kind { elements.append(element) }
            guard skip(.comma) else { break }
        }
        try expect(.rightBracket)
        if kinds.count == 1 { return kinds[0] }
        guard elements.count == kinds.count else { throw failure("a slice cannot stand in a tuple; write it alone") }
        return .item(.tuple(elements))
    }

    private mutating func sliceOrItem() throws -> Expression.Suffix.Kind {
        var start: Expression?
        if !isSymbol(.colon) {
            let value = try expression()
            guard isSymbol(.colon) else { return .item(value) }
            start = value
        }
        advance()
        var stop: Expression?
        var step: Expression?
        if !isSliceEnd { stop = try expression() }
        if skip(.colon), !isSliceEnd { step = try expression() }
        return .slice(start: start, stop: stop, step: step)
    }

    private var isSliceEnd: Bool { isSymbol(.colon) || isSymbol(.rightBracket) || isSymbol(.comma) }

    /// Filters, tests, and calls of what they give.
    private mutating func filters() throws -> [Expression.Suffix] {
        var suffixes: [Expression.Suffix] = []
        while true {
            let start = position
            if skip(.pipe) {
                suffixes.append(try filter())
            } else if skip("is") {
                suffixes.append(try test(at: start))
            } else if isSymbol(.leftParenthesis) {
                suffixes.append(Expression.Suffix(kind: .call(try arguments()), position: start))
            } else {
                return suffixes
            }
        }
    }

    /// A filter's name and arguments; the `|` has been read.
    mutating func filter() throws -> Expression.Suffix {
        let start = position
        let name = try dottedName()
        if Filters.table[name] == nil { unknownNames.append(failure("there is no filter '\(name)'", at: start)) }
        let arguments = isSymbol(.leftParenthesis) ? try arguments() : CallArguments()
        return Expression.Suffix(kind: .filter(name, arguments), position: start)
    }

    private mutating func test(at start: SourcePosition) throws -> Expression.Suffix {
        let isNegated = skip("not")
        let name = try dottedName()
        if Predicates.table[name] == nil { unknownNames.append(failure("there is no test '\(name)'", at: start)) }
        var arguments = CallArguments()
        if isSymbol(.leftParenthesis) {
            arguments = try self.arguments()
        } else if beginsTestArgument {
            guard !isName("is") else {
                throw failure("tests with 'is' cannot follow each other; put brackets around one")
            }
            let value = try primary()
            let suffixes = try suffixes()
            arguments.positional = [suffixes.isEmpty ? value : .postfix(value, suffixes)]
        }
        return Expression.Suffix(kind: .test(name, arguments, isNegated: isNegated), position: start)
    }

    private var beginsTestArgument: Bool {
        switch current {
        case .name(let name): !["else", "or", "and"].contains(name)
        case .string, .integer, .float, .symbol(.leftBracket), .symbol(.leftBrace): true
        default: false
        }
    }

    private mutating func dottedName() throws -> String {
        var name = try expectName()
        while skip(.dot) { name += "." + (try expectName()) }
        return name
    }

    // MARK: Arguments

    mutating func arguments() throws -> CallArguments {
        try expect(.leftParenthesis)
        var arguments = CallArguments()
        while !isSymbol(.rightParenthesis) {
            try argument(&arguments)
            guard skip(.comma) else { break }
        }
        try expect(.rightParenthesis)
        return arguments
    }

    private mutating func argument(_ arguments: inout CallArguments) throws {
        let start = position
        if skip(.multiply) {
            guard arguments.unpackedPositional == nil, arguments.unpackedKeyword == nil else {
                throw failure("a call takes one '*' before one '**'", at: start)
            }
            arguments.unpackedPositional = try expression()
        } else if skip(.power) {
            guard arguments.unpackedKeyword == nil else { throw failure("a call takes one '**'", at: start) }
            arguments.unpackedKeyword = try expression()
        } else if case .name(let name) = current, next == .symbol(.assign) {
            guard arguments.unpackedKeyword == nil else { throw failure("'**' comes last", at: start) }
            guard arguments.keyword.count < Limits.names else {
                throw JinjaError("a call of more than \(Limits.names) arguments with names", kind: .limit, at: start)
            }
            guard !arguments.keyword.contains(where: { $0.name == name }) else {
                throw failure("the argument '\(name)' is given twice", at: start)
            }
            advance()
            advance()
            arguments.keyword.append((name, try expression()))
        } else {
            guard
                arguments.unpackedPositional == nil, arguments.unpackedKeyword == nil, arguments.keyword.isEmpty
            else { throw failure("an argument without a name comes after one with a name", at: start) }
            arguments.positional.append(try expression())
        }
    }
}
