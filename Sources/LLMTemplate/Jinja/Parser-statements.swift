extension Parser {
    /// Statements up to a tag whose name is one of `ends`, which is next to read; without `ends`, all there are.
    mutating func body(until ends: Set<String>) throws -> [Statement] {
        var statements: [Statement] = []
        while true {
            let start = position
            switch current {
            case .data(let text):
                advance()
                statements.append(.text(text))
            case .variableBegin:
                advance()
                let unknownCount = unknownNames.count
                statements.append(.output(try expressions(), start))
                try settleUnknownNames(since: unknownCount)
                try expect(.variableEnd)
            case .blockBegin:
                advance()
                if case .name(let name) = current, ends.contains(name) { return statements }
                let unknownCount = unknownNames.count
                statements += try statement()
                try settleUnknownNames(since: unknownCount)
                try expect(.blockEnd)
            default:
                guard ends.isEmpty else {
                    let names = ends.sorted().map { "'\($0)'" }.joined(separator: " or ")
                    throw failure("the template ends where \(names) is needed")
                }
                return statements
            }
        }
    }

    /// The body of a tag, from its `%}` up to the tag `end`, which is read too.
    private mutating func block(until end: String) throws -> [Statement] {
        let body = try block(untilOneOf: [end])
        advance()
        return body
    }

    private mutating func block(untilOneOf ends: Set<String>) throws -> [Statement] {
        _ = skip(.colon)
        try expect(.blockEnd)
        return try nested { parser in try parser.body(until: ends) }
    }

    /// A body whose reaching hangs on nothing but that of its tag.
    private mutating func frame<Result>(
        conditional: Bool = false, _ body: (inout Parser) throws -> Result
    ) throws -> Result {
        let outer = isConditional
        isConditional = conditional
        defer { isConditional = outer }
        return try body(&self)
    }

    private mutating func statement() throws -> [Statement] {
        let start = position
        guard case .name(let name) = current else { throw failure("\(current) stands where a tag's name is needed") }
        advance()
        switch name {
        case "set": return [try set(at: start)]
        case "if": return [try branch()]
        case "for": return [try loop(at: start)]
        case "macro": return [try macro(at: start)]
        case "call": return [try callBlock(at: start)]
        case "filter": return [try filterBlock(at: start)]
        case "with": return [try with(at: start)]
        case "print": return try printed(at: start)
        case "generation":
            let body = try functionBody { parser in try parser.block(until: "endgeneration") }
            return [.scope(body: body, seesSurroundings: true, start)]
        case "block": return [try namedBlock(at: start)]
        case "break", "continue":
            guard openLoops > 0 else { throw failure("'\(name)' stands outside a loop", at: start) }
            return [name == "break" ? .breakLoop : .continueLoop]
        case "include", "import", "from", "extends":
            throw failure("'\(name)' is refused: a chat template reads no other file", at: start)
        case "autoescape": throw failure("'autoescape' is refused: a chat template is no HTML", at: start)
        default: throw failure("there is no tag '\(name)' here", at: start)
        }
    }

    // MARK: Assignments

    private mutating func set(at start: SourcePosition) throws -> Statement {
        let target = try target(allowsAttributes: true)
        if skip(.assign) { return .assign(target, try expressions(), start) }
        var filters: [Expression.Suffix] = []
        while skip(.pipe) { filters.append(try filter()) }
        let body = try frame { parser in try parser.block(until: "endset") }
        return .assignBlock(target, filters: filters, body: body, start)
    }

    /// What is assigned to: a name, names between commas, or, where `allowsAttributes`, an attribute of a name.
    private mutating func target(allowsAttributes: Bool = false, until end: String? = nil) throws -> Target {
        let start = position
        var targets: [Target] = []
        var isTuple = false
        while true {
            if case .blockEnd = current { break }
            if let end, isName(end) { break }
            targets.append(try singleTarget(allowsAttributes))
            guard skip(.comma) else { break }
            isTuple = true
        }
        if isTuple { return .tuple(targets, start) }
        guard let target = targets.first else { throw failure("\(current) stands where a name is needed") }
        return target
    }

    private mutating func singleTarget(_ allowsAttributes: Bool) throws -> Target {
        let start = position
        if allowsAttributes, case .name(let name) = current, next == .symbol(.dot) {
            advance()
            advance()
            return .attribute(of: name, try expectName(), start)
        }
        return try asTarget(try primary(), at: start)
    }

    private func asTarget(_ expression: Expression, at start: SourcePosition) throws -> Target {
        switch expression {
        case .name(let name, _): return .name(name)
        case .tuple(let elements): return .tuple(try elements.map { try asTarget($0, at: start) }, start)
        default: throw failure("only names can be assigned to", at: start)
        }
    }

    private mutating func with(at start: SourcePosition) throws -> Statement {
        var values: [(target: Target, value: Expression)] = []
        while current != .blockEnd {
            if !values.isEmpty { try expect(.comma) }
            let target = try target()
            try expect(.assign)
            values.append((target, try expression()))
        }
        let body = try frame { parser in try parser.block(until: "endwith") }
        return .with(values, body: body, start)
    }

    // MARK: Branches and loops

    private mutating func branch() throws -> Statement {
        let unknownCount = unknownNames.count
        defer { unknownNames.removeSubrange(unknownCount...) }
        return try frame(conditional: true) { parser in
            var branches: [(condition: Expression, body: [Statement])] = []
            while true {
                let condition = try parser.expressions(allowsConditional: false)
                branches.append((condition, try parser.block(untilOneOf: ["elif", "else", "endif"])))
                if parser.skip("elif") { continue }
                if parser.skip("else") { return .branch(branches, otherwise: try parser.block(until: "endif")) }
                parser.advance()
                return .branch(branches, otherwise: [])
            }
        }
    }

    private mutating func loop(at start: SourcePosition) throws -> Statement {
        let target = try target(until: "in")
        guard !target.names.contains("loop") else { throw failure("a loop cannot assign to 'loop'", at: start) }
        guard skip("in") else { throw failure("\(current) stands where 'in' is needed") }
        let iterable = try expressions(allowsConditional: false, until: "recursive")
        return try frame { parser in
            let unknownCount = parser.unknownNames.count
            let filter = parser.skip("if") ? try parser.expression() : nil
            try parser.settleUnknownNames(since: unknownCount)
            let isRecursive = parser.skip("recursive")
            parser.openLoops += 1
            let body = try parser.block(untilOneOf: ["endfor", "else"])
            parser.openLoops -= 1
            var otherwise: [Statement] = []
            if parser.skip("else") {
                otherwise = try parser.block(until: "endfor")
            } else {
                parser.advance()
            }
            return .loop(
                Statement.Loop(
                    target: target, iterable: iterable, filter: filter, isRecursive: isRecursive, body: body,
                    otherwise: otherwise, position: start))
        }
    }

    private mutating func printed(at start: SourcePosition) throws -> [Statement] {
        var outputs: [Statement] = []
        while current != .blockEnd {
            if !outputs.isEmpty { try expect(.comma) }
            outputs.append(.output(try expression(), start))
        }
        return outputs
    }

    // MARK: Macros and blocks

    /// A body that Jinja2 makes a function of: no `break` leaves it.
    private mutating func functionBody(_ body: (inout Parser) throws -> [Statement]) throws -> [Statement] {
        let loops = openLoops
        openLoops = 0
        defer { openLoops = loops }
        return try frame(body)
    }

    private mutating func macro(at start: SourcePosition) throws -> Statement {
        let name = try expectName()
        return .macro(try definition(name: name, end: "endmacro", at: start) { _ in nil }.macro)
    }

    private mutating func callBlock(at start: SourcePosition) throws -> Statement {
        let (caller, call) = try definition(name: nil, end: "endcall", at: start) { parser in
            let call = try parser.expression()
            guard case .postfix(_, let suffixes) = call, case .call = suffixes.last?.kind else {
                throw parser.failure("a 'call' block needs a call", at: start)
            }
            return call
        }
        guard let call else { throw failure("a 'call' block needs a call", at: start) }
        return .callBlock(call: call, caller: caller, start)
    }

    /// Parameters, what `afterParameters` reads, and a body.
    private mutating func definition(
        name: String?, end: String, at start: SourcePosition,
        _ afterParameters: (inout Parser) throws -> Expression?
    ) throws -> (macro: MacroDefinition, call: Expression?) {
        let needsParameters = name != nil
        let parameters = needsParameters || isSymbol(.leftParenthesis) ? try self.parameters() : []
        let call = try afterParameters(&self)
        openMacros.append(SpecialNames())
        let body = try functionBody { parser in try parser.block(until: end) }
        let used = openMacros.removeLast()
        let names = parameters.map(\.name)
        let macro = MacroDefinition(
            name: name, parameters: parameters, body: body,
            usesCaller: used.caller && !names.contains("caller"),
            takesVarargs: used.varargs && !names.contains("varargs"),
            takesKwargs: used.kwargs && !names.contains("kwargs"), position: start)
        return (macro, call)
    }

    private mutating func parameters() throws -> [(name: String, defaultValue: Expression?)] {
        try expect(.leftParenthesis)
        var parameters: [(name: String, defaultValue: Expression?)] = []
        while !isSymbol(.rightParenthesis) {
            let start = position
            let name = try expectName()
            guard parameters.count < Limits.names else {
                throw JinjaError("a macro of more than \(Limits.names) parameters", kind: .limit, at: start)
            }
            guard !parameters.contains(where: { $0.name == name }) else {
                throw failure("the parameter '\(name)' is named twice", at: start)
            }
            if skip(.assign) {
                parameters.append((name, try expression()))
            } else {
                guard parameters.last?.defaultValue == nil else {
                    throw failure("the parameter '\(name)' without a default follows one with a default", at: start)
                }
                guard name != "caller" else { throw failure("the parameter 'caller' needs a default", at: start) }
                parameters.append((name, nil))
            }
            guard skip(.comma) else { break }
        }
        try expect(.rightParenthesis)
        return parameters
    }

    private mutating func filterBlock(at start: SourcePosition) throws -> Statement {
        var filters = [try filter()]
        while skip(.pipe) { filters.append(try filter()) }
        let body = try frame { parser in try parser.block(until: "endfilter") }
        return .filterBlock(filters, body: body, start)
    }

    private mutating func namedBlock(at start: SourcePosition) throws -> Statement {
        let name = try expectName()
        guard blockNames.insert(name).inserted else { throw failure("the block '\(name)' is there twice", at: start) }
        let isScoped = skip("scoped")
        let body = try functionBody { parser in try parser.block(until: "endblock") }
        _ = skip(name)
        return .scope(body: body, seesSurroundings: isScoped, start)
    }
}

extension Target {
    /// The names that it assigns to.
    var names: [String] {
        switch self {
        case .name(let name): [name]
        case .attribute: []
        case .tuple(let targets, _): targets.flatMap(\.names)
        }
    }
}
