package import LLMGrammar
import LLMJSON

extension ToolDialect {
    /// The rule for an answer with calls of `tools`, added to a grammar: with reasoning where the dialect has it, then what
    /// the model says and its calls, or, where a call is required, calls alone. From a call's opening on, names are those
    /// of the tools and arguments what the tool's schema takes. Without tools there is what the model says alone.
    ///
    /// - Throws: where there are tools and the dialect has no calls, or cannot keep what a schema asks for.
    package func rule(
        for tools: [GrammarTool], _ demand: CallDemand, in grammar: inout Grammar
    ) throws(SchemaError) -> RuleID {
        var writer = DialectGrammar(dialect: self, demand: demand, grammar: grammar)
        let rule = try writer.answer(tools)
        grammar = writer.grammar
        return rule
    }
}

/// Writes a dialect's rules.
struct DialectGrammar {
    let dialect: ToolDialect
    let demand: CallDemand
    var grammar: Grammar

    // MARK: The answer

    mutating func answer(_ tools: [GrammarTool]) throws(SchemaError) -> RuleID {
        guard tools.isEmpty || dialect.calls != nil else {
            throw SchemaError(.unsupported, at: "", "the dialect \(dialect.name.quoted) has no calls")
        }
        if let framing = dialect.framing { return try messages(framing, tools) }
        var bodies: [[GrammarSymbol]] = []
        if !demand.isRequired { bodies.append(said()) }
        if let format = dialect.calls, !tools.isEmpty {
            bodies.append([try section(format, tools, begun: demand.promptTail), space()])
            if !demand.isRequired, demand.content == nil, format.place == .anywhere {
                bodies.append(said() + [try section(format, tools), space()])
            }
        }
        let body = rule("answer", bodies)
        guard let reasoning = dialect.reasoning else { return start([[body]]) }
        let thought = [text(without: [reasoning.close])] + literal(reasoning.close) + [space()]
        let isOpen = [demand.promptTail, String(demand.promptTail.dropLast())].contains { $0.hasSuffix(reasoning.open) }
        if isOpen { return start([thought + [body]]) }
        return start([[body], [space()] + literal(reasoning.open) + thought + [body]])
    }

    /// What the model says, with marks around it where the dialect has some.
    private mutating func said() -> [GrammarSymbol] {
        let text = demand.content.map { .rule($0) } ?? spoken()
        guard !dialect.wrappers.isEmpty else { return [text] }
        var marks: [[GrammarSymbol]] = [[]]
        for wrapper in dialect.wrappers { marks.append(literal(wrapper)) }
        let mark = rule("mark", marks)
        return [mark, text, mark]
    }

    /// Any text in which no call begins.
    private mutating func spoken() -> GrammarSymbol {
        guard let format = dialect.calls else { return text(without: []) }
        guard format.place == .start else {
            return text(without: [(format.sectionOpen + format.open).compactMap(\.text).first].compactMap(\.self))
        }
        let isWrapped = if case .wrapped = format.arguments { true } else { false }
        let begins = RegexExpression.sequence([white, .text(isWrapped ? "{" : "["), .anyText])
        let marked = RegexExpression.sequence([white, .text("<|python_"), .anyText])
        return lexeme(.both([.anyText, .not(begins), .not(marked)]), .anywhere)
    }

    /// Messages of channels: reasoning, then a call or the last message.
    private mutating func messages(_ framing: MessageFraming, _ tools: [GrammarTool]) throws(SchemaError) -> RuleID {
        let next = literal(framing.ends[1]) + literal(framing.start) + literal("assistant")
        var calls: [[GrammarSymbol]] = []
        for tool in tools {
            let arguments = try self.arguments(tool)
            let recipient = "to=\(framing.toolPrefix)\(tool.name)"
            let constrained = optional([lexeme(.text(" "))] + literal("<|constrain|>") + literal("json"))
            let late = literal(framing.channel) + literal("commentary \(recipient)") + [constrained]
            let early = literal(" \(recipient)") + literal(framing.channel) + literal("commentary json")
            let constrainedEarly =
                literal(" \(recipient)") + literal(framing.channel) + literal("commentary ")
                + literal("<|constrain|>json")
            for header in [late, early, constrainedEarly] {
                calls.append(header + literal(framing.message) + [arguments] + literal(framing.ends[0]))
            }
        }
        let call = rule("call", calls)
        let body = [text(without: framing.ends)]
        let thought = literal(framing.channel) + literal(framing.reasoningChannels[0]) + literal(framing.message) + body
        let said = literal(framing.channel) + literal("commentary") + literal(framing.message) + body
        let answer = demand.content.map { [.rule($0)] } ?? body
        let final = literal(framing.channel) + literal("final") + literal(framing.message) + answer
        let rest = grammar.rule(named: "messages")
        let again = GrammarSymbol.rule(rest)
        var productions = [[call], thought + next + [again]]
        if !demand.isRequired { productions += [final, said + next + [again]] }
        if tools.isEmpty { productions.removeFirst() }
        if demand.isParallel, !tools.isEmpty {
            productions.append([call] + literal(framing.start) + literal("assistant") + [again])
        }
        grammar.define(rest, productions.map { Production($0) })
        return rest
    }

    // MARK: Calls

    /// - Parameter begun: what the prompt ends with, which may be the beginning of the first call.
    private mutating func section(
        _ format: CallFormat, _ tools: [GrammarTool], begun: String = ""
    ) throws(SchemaError) -> GrammarSymbol {
        if let rest = format.following(begun) { return try section(rest, then: format, tools) }
        return try section(format, then: format, tools)
    }

    /// - Parameter format: that of the calls after the first.
    private mutating func section(
        _ first: CallFormat, then format: CallFormat, _ tools: [GrammarTool]
    ) throws(SchemaError) -> GrammarSymbol {
        let call = try anyCall(format, tools)
        let opening = first.open == format.open ? call : try anyCall(first, tools)
        var separator = [space()]
        if !format.separator.isEmpty { separator += literal(format.separator) + [space()] }
        let between = rule("separator", [separator])
        let more = GrammarSymbol.rule(grammar.repeated(call, min: 1, max: nil, separator: between))
        let all = rule("calls", [[opening]] + (demand.isParallel ? [[opening, between, more]] : []))
        let open = try pieces(first.sectionOpen, name: "", key: "", kind: nil)
        let close = try pieces(format.sectionClose, name: "", key: "", kind: nil)
        return rule("calls", [[space()] + open + [space(), all, space()] + close])
    }

    private mutating func anyCall(
        _ format: CallFormat, _ tools: [GrammarTool]
    ) throws(SchemaError) -> GrammarSymbol {
        var calls: [[GrammarSymbol]] = []
        for tool in tools { calls.append(try call(format, tool)) }
        return rule("call", calls)
    }

    private mutating func call(_ format: CallFormat, _ tool: GrammarTool) throws(SchemaError) -> [GrammarSymbol] {
        let open = try pieces(format.open, name: tool.name, key: "", kind: nil)
        let close = try pieces(format.close, name: tool.name, key: "", kind: nil)
        switch format.arguments {
        case .json: return open + [space(), try arguments(tool)] + close
        case .wrapped(let wrapped): return open + [space()] + (try self.wrapped(wrapped, tool)) + close
        case .tagged(let tagged):
            var arguments = TaggedGrammar(format: tagged, root: tool.schema)
            return open + (try arguments.members(in: &self)) + close
        case .literals(let literals):
            var arguments = LiteralGrammar(format: literals, root: tool.schema)
            return open + (try arguments.arguments(in: &self)) + close
        }
    }

    private mutating func wrapped(_ format: WrappedCall, _ tool: GrammarTool) throws(SchemaError) -> [GrammarSymbol] {
        let arguments = try self.arguments(tool)
        func quoted(_ text: String) -> String { String(decoding: JSONBytes.quoted(text.utf8), as: UTF8.self) }
        guard let nameKey = format.nameKeys.first, let argumentKey = format.argumentKeys.first else {
            return [spaced(["{", quoted(tool.name), ":"]), arguments, spaced(["}"])]
        }
        var id: GrammarSymbol?
        if let key = format.idKey {
            let value = lexeme(.sequence([.text("\""), idText, .text("\"")]))
            id = rule("id", [[spaced([quoted(key), ":"]), value]])
        }
        let name = spaced([quoted(nameKey), ":", quoted(tool.name), ",", quoted(argumentKey), ":"])
        if let id, format.idIsFirst { return [spaced(["{"]), id, spaced([","]), name, arguments, spaced(["}"])] }
        let type = optional([spaced(["\"type\"", ":", "\"function\"", ","])])
        let last = id.map { optional([spaced([","]), $0]) }
        return [spaced(["{"]), type, name, arguments] + [last].compactMap(\.self) + [spaced(["}"])]
    }

    // MARK: Pieces

    /// An id that the model writes, in the dialect's form.
    private var idText: RegexExpression {
        let alphanumeric = (0...127 as ClosedRange<UInt8>).filter { $0.isLetter || $0.isDigit }
        if case .alphanumeric(let count)? = dialect.calls?.ids {
            return .repeated(.bytes(ByteSet(alphanumeric)), min: count, max: count)
        }
        return .repeated(.bytes(ByteSet(alphanumeric + [UInt8(ascii: "_")])), min: 1, max: 64)
    }

    private static let digits = RegexExpression.repeated(.bytes(ByteSet(0x30...0x39)), min: 1, max: 9)

    /// - Parameter kind: what stands where a kind does; nil for any word that says that a value is no text.
    mutating func pieces(
        _ pieces: [Piece], name: String, key: String, kind: GrammarSymbol?
    ) throws(SchemaError) -> [GrammarSymbol] {
        var symbols: [GrammarSymbol] = []
        for piece in pieces {
            switch piece {
            case .literal(let text): symbols += literal(text)
            case .space: symbols.append(space())
            case .name: symbols += literal(name)
            case .numberedName:
                symbols += literal("functions.\(name):") + [lexeme(DialectGrammar.digits)]
            case .id: symbols.append(lexeme(idText))
            case .number: symbols.append(lexeme(DialectGrammar.digits))
            case .key: symbols += literal(key)
            case .kind: if let kind { symbols.append(kind) }
            case .optional(let inner):
                symbols.append(optional(try self.pieces(inner, name: name, key: key, kind: kind)))
            }
        }
        return symbols
    }

    /// A text as it is; special tokens in it are tokens.
    mutating func literal(_ text: String) -> [GrammarSymbol] {
        var symbols: [GrammarSymbol] = []
        var plain = ""
        var rest = text[...]
        while !rest.isEmpty {
            let token = demand.specialTokens.filter { !$0.key.isEmpty && rest.hasPrefix($0.key) }
                .max { $0.key.utf8.count < $1.key.utf8.count }
            guard let token else {
                plain.append(rest.removeFirst())
                continue
            }
            if !plain.isEmpty { symbols.append(lexeme(.text(plain))) }
            plain = ""
            symbols.append(.tokens(grammar.tokens(.of([token.value]))))
            rest = rest.dropFirst(token.key.count)
        }
        if !plain.isEmpty { symbols.append(lexeme(.text(plain))) }
        return symbols
    }

    /// White space as models write it, or none: more would let a model that writes no calls by itself go on with it.
    mutating func space() -> GrammarSymbol { lexeme(white) }

    var white: RegexExpression {
        .repeated(.bytes(ByteSet((0...127).filter(\.isSpace))), min: 0, max: 2)
    }

    /// Texts with white space around each.
    mutating func spaced(_ texts: [String]) -> GrammarSymbol {
        lexeme(.sequence([white] + texts.flatMap { [.text($0), white] }))
    }

    /// Any text in which none of `marks` is.
    mutating func text(without marks: [String]) -> GrammarSymbol {
        let found = marks.map {
            RegexExpression.not(.sequence([DialectGrammar.anyBytes, .text($0), DialectGrammar.anyBytes]))
        }
        return lexeme(.both([.anyText] + found), .anywhere)
    }

    static let anyBytes = RegexExpression.repeated(.bytes(.all), min: 0, max: nil)

    mutating func lexeme(_ expression: RegexExpression, _ ending: Lexeme.Ending = .longest) -> GrammarSymbol {
        .lexeme(grammar.lexeme(Lexeme(expression, ending: ending)))
    }

    mutating func rule(_ name: String, _ productions: [[GrammarSymbol]]) -> GrammarSymbol {
        .rule(start(productions, named: name))
    }

    private mutating func start(_ productions: [[GrammarSymbol]], named name: String = "start") -> RuleID {
        grammar.rule(named: name, productions.map { Production($0) })
    }

    mutating func optional(_ symbols: [GrammarSymbol]) -> GrammarSymbol { rule("optional", [symbols, []]) }

    /// JSON that a schema takes.
    mutating func schema(_ schema: JSONValue, isStrict: Bool = true) throws(SchemaError) -> GrammarSymbol {
        var json = JSONWriter()
        json.value(schema)
        var options = SchemaOptions()
        options.isLenient = !isStrict
        return .rule(try JSONSchema(json.bytes, options).rule(in: &grammar))
    }

    /// A tool's arguments as a JSON object.
    private mutating func arguments(_ tool: GrammarTool) throws(SchemaError) -> GrammarSymbol {
        try schema(tool.schema, isStrict: tool.isStrict)
    }
}

extension CallFormat {
    /// The format of a call whose opening's beginning is what a text ends with; nil where it ends with no such.
    fileprivate func following(_ text: String) -> CallFormat? {
        var rest = self
        let path: WritableKeyPath<CallFormat, [Piece]> = sectionOpen.isEmpty ? \.open : \.sectionOpen
        guard case .literal(let opening)? = self[keyPath: path].first else { return nil }
        let bytes = Array(opening.utf8)
        guard let count = (1..<bytes.count + 1).last(where: { Array(text.utf8).hasSuffix(Array(bytes[..<$0])) }),
            count > 2
        else { return nil }
        rest[keyPath: path][0] = .literal(String(decoding: bytes[count...], as: UTF8.self))
        return rest
    }
}
