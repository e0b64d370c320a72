internal import LLMJSON

extension Grammar {
    /// The outputs of a structural tag: free text with parts in it that have a form, as xgrammar and vLLM describe them, in
    /// the form with `format` or the older one with `structures` and `triggers`.
    package init(structuralTag bytes: [UInt8], specialTokens: [String: Int32]) throws(GrammarError) {
        let value: JSONValue
        do { value = try JSONValue(bytes, part: "the structural tag", takesAnyText: false) } catch {
            throw GrammarError(.malformed, error.message)
        }
        var reader = StructuralTagReader(specialTokens)
        let whole = try reader.whole(value)
        self = reader.grammar
        start = rule(named: "output", [Production(whole)])
    }
}

private struct StructuralTagReader {
    typealias Symbols = [GrammarSymbol]

    var grammar = Grammar()
    private let special: [String: Int32]
    private var depth = 0

    /// What triggers a tag, and what must follow the trigger.
    private struct Branch {
        let trigger: [UInt8]
        let rest: Symbols
    }

    init(_ special: [String: Int32]) { self.special = special }

    // MARK: Forms

    mutating func whole(_ value: JSONValue) throws(GrammarError) -> Symbols {
        let tag = try Members(value, at: "")
        if let structures = tag["structures"] {
            try tag.check(["type", "structures", "triggers"])
            var tags: [(begin: [UInt8], rest: Symbols)] = []
            for (index, each) in try Members.array(structures, at: "/structures").enumerated() {
                let structure = try Members(each, at: "/structures/\(index)")
                try structure.check(["begin", "schema", "end"])
                let schema = try schema(try structure.required("schema"), at: structure.pointer + "/schema")
                tags.append(
                    (try structure.bytes("begin"), [.rule(schema)] + literal(try structure.bytes("end"))))
            }
            return try triggered(
                tags, triggers: try tag.texts("triggers"), excludes: [], atLeastOne: false, once: false, isLast: true,
                at: "/triggers")
        }
        try tag.check(["type", "format"])
        return try format(try tag.required("format"), at: "/format", isLast: true)
    }

    private mutating func format(
        _ value: JSONValue, at pointer: String, isLast: Bool
    ) throws(GrammarError) -> Symbols {
        depth += 1
        defer { depth -= 1 }
        let form = try Members(value, at: pointer)
        let type = try form.text("type")
        switch type {
        case "const_string":
            try form.check(["type", "value"])
            return literal(try form.bytes("value"))
        case "json_schema":
            try form.check(["type", "json_schema", "style"])
            if let style = form["style"], style != .string("json") {
                throw form.refused("style", "JSON is the one style of values that is kept")
            }
            return [.rule(try schema(try form.required("json_schema"), at: pointer + "/json_schema"))]
        case "regex":
            try form.check(["type", "pattern"])
            return [lexeme(try RegexExpression(pattern: try form.text("pattern")))]
        case "grammar":
            try form.check(["type", "grammar"])
            throw form.refused("grammar", "a grammar within a structural tag is not kept; ask for the grammar alone")
        case "any_text":
            try form.check(["type", "excludes"])
            let excludes = try form.optionalTexts("excludes")
            return free(excluding: excludes, isLast: isLast)
        case "sequence", "or":
            try form.check(["type", "elements"])
            let elements = try Members.array(try form.required("elements"), at: pointer + "/elements")
            var parts: [Symbols] = []
            for (index, element) in elements.enumerated() {
                parts.append(
                    try format(
                        element, at: pointer + "/elements/\(index)",
                        isLast: isLast && (type == "or" || index == elements.count - 1)))
            }
            if type == "sequence" { return parts.flatMap { $0 } }
            return [.rule(grammar.rule(named: "or", parts.map { Production($0) }))]
        case "optional", "plus", "star", "repeat":
            try form.check(["type", "content", "min", "max"])
            let content = try format(try form.required("content"), at: pointer + "/content", isLast: false)
            var (min, max): (Int, Int?) = type == "optional" ? (0, 1) : (type == "plus" ? 1 : 0, nil)
            if type == "repeat" {
                min = try form.count("min") ?? 0
                max = try form.count("max")
                if let max, max < min { throw form.malformed("max", "\(max) is below min, \(min)") }
            }
            let inner = grammar.rule(named: type, [Production(content)])
            return [.rule(grammar.repeated(.rule(inner), min: min, max: max))]
        case "tag":
            let tag = try tag(form)
            return literal(tag.begin) + tag.rest
        case "triggered_tags":
            try form.check(["type", "triggers", "tags", "at_least_one", "stop_after_first", "excludes"])
            return try triggered(
                try tags(form), triggers: try form.texts("triggers"), excludes: try form.optionalTexts("excludes"),
                atLeastOne: try form.flag("at_least_one"), once: try form.flag("stop_after_first"), isLast: isLast,
                at: pointer)
        case "dispatch":
            try form.check(["type", "rules", "loop", "excludes"])
            var branches: [Branch] = []
            for (index, each) in try Members.array(try form.required("rules"), at: pointer + "/rules").enumerated() {
                let place = pointer + "/rules/\(index)"
                let pair = try Members.array(each, at: place)
                guard pair.count == 2, case .string(let trigger) = pair[0], !trigger.isEmpty else {
                    throw GrammarError(.malformed, "the structural tag at #\(place): a rule is a text and a format")
                }
                branches.append(
                    Branch(trigger: Array(trigger.utf8), rest: try format(pair[1], at: place + "/1", isLast: false)))
            }
            let loops = form["loop"] == nil ? true : try form.flag("loop")
            return loop(
                branches, excludes: try form.optionalTexts("excludes"), atLeastOne: false, once: !loops, isLast: isLast)
        case "tags_with_separator":
            try form.check(["type", "tags", "separator", "at_least_one", "stop_after_first"])
            let alternatives = try tags(form).map { Production(literal($0.begin) + $0.rest) }
            let tag = grammar.rule(named: "tags", alternatives)
            let separator = grammar.rule(
                named: "separator", [Production(literal(try form.bytes("separator")))])
            let once = try form.flag("stop_after_first")
            return [
                .rule(
                    grammar.repeated(
                        .rule(tag), min: try form.flag("at_least_one") ? 1 : 0, max: once ? 1 : nil,
                        separator: .rule(separator)))
            ]
        case "token":
            try form.check(["type", "token"])
            return [.tokens(grammar.tokens(.of([try token(try form.required("token"), form, "token")])))]
        case "exclude_token", "any_tokens":
            let key = form["exclude_tokens"] == nil && form["tokens"] != nil ? "tokens" : "exclude_tokens"
            try form.check(["type", key])
            var excluded: [Int32] = []
            if let value = form[key] {
                for each in try Members.array(value, at: pointer + "/" + key) {
                    excluded.append(try token(each, form, key))
                }
            }
            let any = GrammarSymbol.tokens(grammar.tokens(.textBut(excluded)))
            return type == "exclude_token" ? [any] : [.rule(grammar.repeated(any, min: 0, max: nil))]
        default: throw form.refused("type", "the format \(type.quoted) is not kept")
        }
    }

    // MARK: Tags

    private mutating func tags(_ form: Members) throws(GrammarError) -> [(begin: [UInt8], rest: Symbols)] {
        var result: [(begin: [UInt8], rest: Symbols)] = []
        for (index, each) in try Members.array(try form.required("tags"), at: form.pointer + "/tags").enumerated() {
            result.append(try tag(try Members(each, at: form.pointer + "/tags/\(index)")))
        }
        guard !result.isEmpty else { throw form.malformed("tags", "there are none") }
        return result
    }

    private mutating func tag(_ form: Members) throws(GrammarError) -> (begin: [UInt8], rest: Symbols) {
        try form.check(["type", "begin", "content", "end"])
        var ends: [[UInt8]] = []
        var token: Symbols?
        switch try form.required("end") {
        case .string(let text): ends = [Array(text.utf8)]
        case .array(let texts):
            for text in texts {
                guard case .string(let text) = text else { throw form.malformed("end", "it is not all texts") }
                ends.append(Array(text.utf8))
            }
            guard !ends.isEmpty else { throw form.malformed("end", "there is none") }
        case let value: token = try format(value, at: form.pointer + "/end", isLast: true)
        }
        let begin = try form.bytes("begin")
        let content = try form.required("content")
        let inner = try Members(content, at: form.pointer + "/content")
        // Free text goes on until the end's first coming.
        if token == nil, try inner.text("type") == "any_text", !ends.contains([]) {
            try inner.check(["type", "excludes"])
            let end = RegexExpression.either(ends.map(RegexExpression.literal))
            let any = RegexExpression.repeated(.bytes(.all), min: 0, max: nil)
            var text = RegexExpression.sequence([any, end])
            let excludes = try inner.optionalTexts("excludes")
            if !excludes.isEmpty { text = .both([text, Self.without(excludes)]) }
            return (begin, [.lexeme(grammar.lexeme(Lexeme(text, ending: .shortest)))])
        }
        let body = try format(content, at: form.pointer + "/content", isLast: false)
        let end = token ?? [.rule(grammar.rule(named: "end", ends.map { Production(literal($0)) }))]
        return (begin, body + end)
    }

    private mutating func triggered(
        _ tags: [(begin: [UInt8], rest: Symbols)], triggers: [[UInt8]], excludes: [[UInt8]], atLeastOne: Bool,
        once: Bool, isLast: Bool, at pointer: String
    ) throws(GrammarError) -> Symbols {
        var branches: [Branch] = []
        for (index, tag) in tags.enumerated() {
            guard let trigger = triggers.first(where: { tag.begin.starts(with: $0) }) else {
                throw GrammarError(
                    .malformed,
                    "the structural tag at #\(pointer): no trigger begins the tag \(index), "
                        + "\(String(decoding: tag.begin, as: UTF8.self).quoted)")
            }
            branches.append(Branch(trigger: trigger, rest: literal(Array(tag.begin[trigger.count...])) + tag.rest))
        }
        // A trigger that begins no tag can be followed by nothing, so text must not have it.
        let used = Set(branches.map(\.trigger))
        return loop(
            branches, excludes: excludes + triggers.filter { !used.contains($0) }, atLeastOne: atLeastOne, once: once,
            isLast: isLast)
    }

    /// Free text until a trigger, what follows the trigger, and again.
    private mutating func loop(
        _ branches: [Branch], excludes: [[UInt8]], atLeastOne: Bool, once: Bool, isLast: Bool
    ) -> Symbols {
        let triggers = branches.map(\.trigger)
        let rest = grammar.rule(named: "free text")
        let text = free(excluding: triggers + excludes, isLast: isLast)
        var productions: [Production] = []
        for trigger in Set(triggers).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let any = RegexExpression.repeated(.bytes(.all), min: 0, max: nil)
            var before = RegexExpression.both([
                .sequence([any, .literal(trigger)]),
                .not(
                    .sequence([
                        any, .either(triggers.map(RegexExpression.literal)), .repeated(.bytes(.all), min: 1, max: nil),
                    ])),
            ])
            if !excludes.isEmpty { before = .both([before, Self.without(excludes)]) }
            let lead = grammar.lexeme(Lexeme(before, ending: .shortest))
            let bodies = grammar.rule(
                named: "tag", branches.filter { $0.trigger == trigger }.map { Production($0.rest) })
            productions.append(Production([.lexeme(lead), .rule(bodies)] + (once ? [] : [.rule(rest)])))
        }
        grammar.define(rest, productions + (once ? [] : [Production(text)]))
        if once {
            return [.rule(grammar.rule(named: "tags", productions + (atLeastOne ? [] : [Production(text)])))]
        }
        return atLeastOne ? [.rule(grammar.rule(named: "tags", productions))] : [.rule(rest)]
    }

    private static func without(_ texts: [[UInt8]]) -> RegexExpression {
        let any = RegexExpression.repeated(.bytes(.all), min: 0, max: nil)
        return .not(.sequence([any, .either(texts.map(RegexExpression.literal)), any]))
    }

    /// Text that has none of some in it. The last of an output needs no look at where it might end.
    private mutating func free(excluding texts: [[UInt8]], isLast: Bool) -> Symbols {
        let any = RegexExpression.repeated(.bytes(.all), min: 0, max: nil)
        let text = texts.isEmpty ? any : Self.without(texts)
        return [.lexeme(grammar.lexeme(Lexeme(text, ending: isLast ? .longest : .anywhere), named: "free text"))]
    }

    // MARK: Parts

    private mutating func lexeme(_ expression: RegexExpression) -> GrammarSymbol {
        .lexeme(grammar.lexeme(Lexeme(expression, ending: .anywhere)))
    }

    private mutating func literal(_ bytes: [UInt8]) -> Symbols { bytes.isEmpty ? [] : [lexeme(.literal(bytes))] }

    private mutating func schema(_ value: JSONValue, at pointer: String) throws(GrammarError) -> RuleID {
        var writer = JSONWriter()
        writer.value(value)
        do { return try JSONSchema(writer.bytes).rule(in: &grammar) } catch {
            throw GrammarError(.refused, "the structural tag at #\(pointer): \(error)")
        }
    }

    private func token(_ value: JSONValue, _ form: Members, _ key: String) throws(GrammarError) -> Int32 {
        switch value {
        case .integer(let id) where (0...Int(Int32.max)).contains(id): return Int32(id)
        case .string(let name):
            guard let id = special[name] else {
                throw form.refused(key, "the vocabulary has no special token \(name.quoted)")
            }
            return id
        default: throw form.malformed(key, "it is neither a token's id nor a special token's name")
        }
    }
}

/// The members of an object of a structural tag, which errors name by its JSON pointer.
private struct Members {
    let pointer: String
    private let members: [String: JSONValue]

    init(_ value: JSONValue, at pointer: String) throws(GrammarError) {
        guard case .object(let members) = value else {
            throw GrammarError(.malformed, "the structural tag at #\(pointer) is no object")
        }
        self.pointer = pointer
        self.members = Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
    }

    subscript(key: String) -> JSONValue? { members[key] == .null ? nil : members[key] }

    func malformed(_ key: String, _ reason: String) -> GrammarError {
        GrammarError(.malformed, "the structural tag at #\(pointer)/\(key): \(reason)")
    }

    func refused(_ key: String, _ reason: String) -> GrammarError {
        GrammarError(.refused, "the structural tag at #\(pointer)/\(key): \(reason)")
    }

    /// Whether there is no member but these: nothing is ignored.
    func check(_ keys: Set<String>) throws(GrammarError) {
        for key in members.keys.sorted() where !keys.contains(key) && self[key] != nil {
            throw refused(key, "this is not kept here")
        }
    }

    func required(_ key: String) throws(GrammarError) -> JSONValue {
        guard let value = self[key] else { throw malformed(key, "it is missing") }
        return value
    }

    func text(_ key: String) throws(GrammarError) -> String {
        guard case .string(let text) = try required(key) else { throw malformed(key, "it is no text") }
        return text
    }

    func bytes(_ key: String) throws(GrammarError) -> [UInt8] { Array(try text(key).utf8) }

    func flag(_ key: String) throws(GrammarError) -> Bool {
        guard let value = self[key] else { return false }
        guard case .flag(let flag) = value else { throw malformed(key, "it is neither true nor false") }
        return flag
    }

    func count(_ key: String) throws(GrammarError) -> Int? {
        guard let value = self[key] else { return nil }
        guard case .integer(let count) = value, (-1...TextCursor.countLimit).contains(count) else {
            throw malformed(key, "it is no whole number up to \(TextCursor.countLimit)")
        }
        return count < 0 ? nil : count
    }

    func texts(_ key: String) throws(GrammarError) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for value in try Members.array(try required(key), at: pointer + "/" + key) {
            guard case .string(let text) = value, !text.isEmpty else {
                throw malformed(key, "it is not all texts with something in them")
            }
            result.append(Array(text.utf8))
        }
        return result
    }

    func optionalTexts(_ key: String) throws(GrammarError) -> [[UInt8]] { self[key] == nil ? [] : try texts(key) }

    static func array(_ value: JSONValue, at pointer: String) throws(GrammarError) -> [JSONValue] {
        guard case .array(let values) = value else {
            throw GrammarError(.malformed, "the structural tag at #\(pointer) is no array")
        }
        return values
    }
}
