internal import LLMJSON

extension Grammar {
    /// The outputs of a grammar in GBNF, as llama.cpp's `grammars/README.md` has it: its `root`. Left recursion is fine.
    ///
    /// What needs no stack is matched as regular expressions, with all ways to split a text followed at once, so the
    /// grammar means what it says character by character.
    package init(gbnf text: String, specialTokens: [String: Int32]) throws(GrammarError) {
        var parser = GBNFParser(try TextCursor(text, part: "the grammar"), specialTokens)
        let rules = try parser.rules()
        guard rules["root"] != nil else {
            throw GrammarError(.malformed, "the grammar has no rule \"root\"; the output is what that matches")
        }
        var folding = RegularFolding(rules)
        var grammar = Grammar()
        var ids: [String: RuleID] = [:]
        for name in rules.keys.sorted() { ids[name] = grammar.rule(named: name) }
        var lowering = GrammarLowering(grammar: grammar, rules: ids, ending: .anywhere, skip: nil)
        for name in rules.keys.sorted() {
            let productions = lowering.productions(folding.parts(rules[name]!))
            lowering.grammar.define(ids[name]!, productions)
        }
        self = lowering.grammar
        start = ids["root"]
    }
}

private struct GBNFParser {
    private var cursor: TextCursor
    private let special: [String: Int32]
    private var depth = 0
    private var named: [(name: String, position: Int)] = []

    init(_ cursor: TextCursor, _ special: [String: Int32]) {
        self.cursor = cursor
        self.special = special
    }

    mutating func rules() throws(GrammarError) -> [String: GrammarNode] {
        var rules: [String: GrammarNode] = [:]
        space(lines: true)
        while !cursor.isAtEnd {
            let position = cursor.position
            let name = try name()
            space(lines: false)
            try cursor.expect("::=")
            space(lines: true)
            guard rules[name] == nil else {
                throw cursor.malformed("the rule \(name.quoted) is defined twice", at: position)
            }
            rules[name] = try alternatives()
            guard cursor.isAtEnd || cursor.next == "\n" || cursor.next == "\r" else {
                throw cursor.malformed("\(cursor.found) after a rule; a rule begins on a line of its own")
            }
            space(lines: true)
        }
        for use in named where rules[use.name] == nil {
            throw cursor.malformed("the rule \(use.name.quoted) is not defined", at: use.position)
        }
        return rules
    }

    private mutating func space(lines: Bool) {
        while let scalar = cursor.next {
            if scalar == "#" {
                _ = cursor.take { $0 != "\n" }
            } else if scalar == " " || scalar == "\t" || lines && (scalar == "\n" || scalar == "\r") {
                cursor.position += 1
            } else {
                return
            }
        }
    }

    private mutating func name() throws(GrammarError) -> String {
        let name = cursor.take { $0.isASCII && ($0.properties.isAlphabetic || $0 == "-" || $0 == "_" || $0.isDigit) }
        guard !name.isEmpty else { throw cursor.malformed("\(cursor.found) where a rule's name should be") }
        return name
    }

    private mutating func alternatives() throws(GrammarError) -> GrammarNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= TextCursor.depthLimit else {
            throw cursor.refused("groups nest deeper than \(TextCursor.depthLimit)")
        }
        var parts = [try sequence()]
        while cursor.take("|") {
            space(lines: true)
            parts.append(try sequence())
        }
        return parts.count == 1 ? parts[0] : .either(parts)
    }

    private mutating func sequence() throws(GrammarError) -> GrammarNode {
        var parts: [GrammarNode] = []
        while let scalar = cursor.next, scalar != "|", scalar != ")", scalar != "\n", scalar != "\r" {
            parts.append(try repetition(try item()))
            space(lines: depth > 1)
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repetition(_ item: GrammarNode) throws(GrammarError) -> GrammarNode {
        var item = item
        while true {
            if cursor.take("*") {
                item = .repeated(item, min: 0, max: nil)
            } else if cursor.take("+") {
                item = .repeated(item, min: 1, max: nil)
            } else if cursor.take("?") {
                item = .repeated(item, min: 0, max: 1)
            } else if cursor.take("{") {
                space(lines: false)
                let min = cursor.next == "," ? 0 : try cursor.number()
                var max: Int? = min
                space(lines: false)
                if cursor.take(",") {
                    space(lines: false)
                    max = cursor.next == "}" ? nil : try cursor.number()
                    space(lines: false)
                }
                try cursor.checkCount(min: min, max: max)
                try cursor.expect("}")
                item = .repeated(item, min: min, max: max)
            } else {
                return item
            }
        }
    }

    private mutating func item() throws(GrammarError) -> GrammarNode {
        if cursor.take("(") {
            space(lines: true)
            let inner = try alternatives()
            space(lines: true)
            try cursor.expect(")")
            return inner
        }
        if cursor.take("\"") {
            var text = String.UnicodeScalarView()
            while !cursor.take("\"") { text.append(try character()) }
            return .expression(text.isEmpty ? .empty : .text(String(text)))
        }
        if cursor.take("[") { return .expression(.characters(try characterClass())) }
        if cursor.take(".") { return .expression(.characters(.all)) }
        let isNegated = cursor.take("!")
        if cursor.next == "<" {
            let set = cursor.take("<[") ? try cursor.tokenIDs() : try cursor.specialToken(special)
            guard isNegated else { return .tokens(set) }
            switch set {
            case .of(let ids): return .tokens(.textBut(ids))
            case .textBut(let ids): return .tokens(.of(ids))
            }
        }
        if isNegated { throw cursor.malformed("\(cursor.found) after '!', which stands before tokens only") }
        named.append(("", cursor.position))
        let name = try name()
        named[named.count - 1].name = name
        return .name(name)
    }

    private mutating func characterClass() throws(GrammarError) -> ScalarSet {
        let isNegated = cursor.take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !cursor.take("]") {
            let first = try character()
            var last = first
            if cursor.next == "-", cursor.peek(1) != "]" {
                cursor.position += 1
                last = try character()
            }
            guard first <= last else { throw cursor.malformed("a range whose end is before its start") }
            ranges.append(first.value...last.value)
        }
        let set = ScalarSet(ranges)
        return isNegated ? set.complement : set
    }

    private mutating func character() throws(GrammarError) -> Unicode.Scalar {
        guard let scalar = cursor.next, scalar != "\n" else {
            throw cursor.malformed("the text between quotes or brackets has no end on its line")
        }
        cursor.position += 1
        guard scalar == "\\" else { return scalar }
        guard let escaped = cursor.next else { throw cursor.malformed("an end within an escape") }
        cursor.position += 1
        switch escaped {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "x": return try cursor.hexadecimal(2)
        case "u": return try cursor.hexadecimal(4)
        case "U": return try cursor.hexadecimal(8)
        case "\"", "\\", "[", "]", "-", "^", "/", "'": return escaped
        default: throw cursor.malformed("the unknown escape \\\(escaped)")
        }
    }
}

extension Unicode.Scalar {
    var isDigit: Bool { ("0"..."9").contains(self) }
}
