internal import LLMJSON

extension Grammar {
    /// The outputs of a grammar in Lark's language: its rule `start`.
    ///
    /// Terminals are lexemes that match as long as they can. `%ignore` may stand before any lexeme and at the end. From
    /// llguidance's dialect: special tokens, `%json {…}`, and the attributes `lazy`, `stop`, `suffix` and `max_tokens`.
    package init(lark text: String, specialTokens: [String: Int32]) throws(GrammarError) {
        var parser = LarkParser(try TextCursor(text, part: "the grammar"), specialTokens)
        try parser.read()
        self = try parser.grammar()
    }
}

/// Reads the statements of a grammar in Lark's language.
struct LarkParser {
    private(set) var cursor: TextCursor
    private let special: [String: Int32]
    private var depth = 0
    private(set) var rules: [String: GrammarNode] = [:]
    private(set) var attributes: [String: Attributes] = [:]
    private(set) var terminals: [String: GrammarNode] = [:]
    private(set) var ignored: [GrammarNode] = []
    private var named: [(name: String, position: Int)] = []
    var result = Grammar()
    var folding: RegularFolding?

    struct Attributes {
        var isLazy = false
        var end: GrammarNode?
        var maxTokens: Int?
        var position = 0
    }

    init(_ cursor: TextCursor, _ special: [String: Int32]) {
        self.cursor = cursor
        self.special = special
    }

    // MARK: Statements

    mutating func read() throws(GrammarError) {
        space(lines: true)
        while !cursor.isAtEnd {
            if cursor.take("%") { try directive() } else { try definition() }
            space(lines: false)
            guard cursor.isAtEnd || cursor.next == "\n" || cursor.next == "\r" else {
                throw cursor.malformed("\(cursor.found) after a statement; the next begins on a line of its own")
            }
            space(lines: true)
        }
        for use in named where rules[use.name] == nil && terminals[use.name] == nil {
            throw cursor.malformed("\(use.name.quoted) is not defined", at: use.position)
        }
    }

    private mutating func directive() throws(GrammarError) {
        let position = cursor.position
        let name = cursor.take { $0.isASCII && $0.properties.isAlphabetic }
        space(lines: false)
        switch name {
        case "ignore": ignored.append(try alternatives())
        case "import": try imports()
        default:
            throw cursor.refused("the directive %\(name) is not known; %ignore, %import and %json are", at: position)
        }
    }

    private mutating func imports() throws(GrammarError) {
        try cursor.expect("common")
        let isOne = cursor.take(".")
        space(lines: false)
        if isOne {
            let position = cursor.position
            let name = identifier()
            space(lines: false)
            var alias = name
            if cursor.take("->") {
                space(lines: false)
                alias = identifier()
            }
            try importCommon(name, as: alias, at: position)
            return
        }
        try cursor.expect("(")
        repeat {
            space(lines: true)
            let position = cursor.position
            let name = identifier()
            try importCommon(name, as: name, at: position)
            space(lines: true)
        } while cursor.take(",")
        try cursor.expect(")")
    }

    private mutating func importCommon(_ name: String, as alias: String, at position: Int) throws(GrammarError) {
        guard let pattern = Self.common[name] else {
            throw cursor.refused(
                "the library common has no \(name.quoted); it has \(Self.common.keys.sorted().joined(separator: ", "))",
                at: position)
        }
        terminals[alias] = .expression(try RegexExpression(pattern: pattern))
    }

    /// The terminals of Lark's library `common`.
    private static let common: [String: String] = [
        "DIGIT": "[0-9]", "HEXDIGIT": "[a-fA-F0-9]", "INT": "[0-9]+", "SIGNED_INT": "[+-]?[0-9]+",
        "DECIMAL": "[0-9]+\\.[0-9]*|\\.[0-9]+",
        "FLOAT": "[0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?",
        "SIGNED_FLOAT": "[+-]?([0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)",
        "NUMBER": "[0-9]+|[0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?",
        "SIGNED_NUMBER": "[+-]?([0-9]+|[0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)",
        "ESCAPED_STRING": "\"([^\"\\\\\\n]|\\\\[^\\n])*\"", "LCASE_LETTER": "[a-z]", "UCASE_LETTER": "[A-Z]",
        "LETTER": "[a-zA-Z]", "WORD": "[a-zA-Z]+", "CNAME": "[_a-zA-Z][_a-zA-Z0-9]*", "WS_INLINE": "[ \\t]+",
        "WS": "[ \\t\\f\\r\\n]+", "CR": "\\r", "LF": "\\n", "NEWLINE": "(\\r?\\n)+", "SH_COMMENT": "#[^\\n]*",
        "CPP_COMMENT": "//[^\\n]*", "SQL_COMMENT": "--[^\\n]*",
        "C_COMMENT": "/\\*([^*]|\\*+[^*/])*\\*+/",
    ]

    private mutating func definition() throws(GrammarError) {
        let position = cursor.position
        while cursor.take("?") || cursor.take("!") {}
        let name = identifier()
        guard !name.isEmpty else { throw cursor.malformed("\(cursor.found) where a rule or terminal should begin") }
        if cursor.next == "{" { throw cursor.refused("templates are not taken") }
        var attributes = Attributes(position: position)
        if cursor.take("[") { try read(&attributes) }
        if cursor.take(".") { _ = try cursor.number() }
        space(lines: false)
        try cursor.expect(":")
        space(lines: false)
        guard rules[name] == nil, terminals[name] == nil else {
            throw cursor.malformed("\(name.quoted) is defined twice", at: position)
        }
        let body = try alternatives()
        if Self.isTerminal(name) {
            terminals[name] = body
            if attributes.isLazy || attributes.end != nil || attributes.maxTokens != nil {
                throw cursor.refused("attributes stand at rules only; \(name.quoted) is a terminal", at: position)
            }
        } else {
            rules[name] = body
            self.attributes[name] = attributes
        }
    }

    private mutating func read(_ attributes: inout Attributes) throws(GrammarError) {
        repeat {
            space(lines: false)
            let position = cursor.position
            let key = identifier()
            if cursor.take("=") {
                switch key {
                case "stop", "suffix": attributes.end = try atom()
                case "max_tokens": attributes.maxTokens = try cursor.number()
                default: throw cursor.refused("the attribute \(key.quoted) is not known", at: position)
                }
            } else if key == "lazy" {
                attributes.isLazy = true
            } else if key != "capture" {
                throw cursor.refused("the attribute \(key.quoted) is not known", at: position)
            }
            space(lines: false)
        } while cursor.take(",")
        try cursor.expect("]")
    }

    private static func isTerminal(_ name: String) -> Bool {
        name.unicodeScalars.first { $0 != "_" }.map { ("A"..."Z").contains($0) } ?? false
    }

    private mutating func identifier() -> String {
        cursor.take { $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || $0.isDigit) }
    }

    private mutating func space(lines: Bool) {
        while let scalar = cursor.next {
            if cursor.isNext("//") || scalar == "#" {
                _ = cursor.take { $0 != "\n" }
            } else if scalar == " " || scalar == "\t" || lines && (scalar == "\n" || scalar == "\r") {
                cursor.position += 1
            } else {
                return
            }
        }
    }

    // MARK: Bodies

    private mutating func alternatives() throws(GrammarError) -> GrammarNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= TextCursor.depthLimit else {
            throw cursor.refused("groups nest deeper than \(TextCursor.depthLimit)")
        }
        var parts = [try sequence()]
        while true {
            // An alternative may stand on a line of its own.
            let position = cursor.position
            space(lines: true)
            guard cursor.take("|") else {
                if depth == 1 { cursor.position = position }
                break
            }
            space(lines: true)
            parts.append(try sequence())
        }
        return parts.count == 1 ? parts[0] : .either(parts)
    }

    private mutating func sequence() throws(GrammarError) -> GrammarNode {
        var parts: [GrammarNode] = []
        space(lines: depth > 1)
        while let scalar = cursor.next, !"|)]\n\r".unicodeScalars.contains(scalar), !cursor.isNext("->") {
            parts.append(try repetition(try atom()))
            space(lines: depth > 1)
        }
        if cursor.take("->") {
            space(lines: false)
            _ = identifier()
            space(lines: false)
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repetition(_ atom: GrammarNode) throws(GrammarError) -> GrammarNode {
        if cursor.take("*") { return .repeated(atom, min: 0, max: nil) }
        if cursor.take("+") { return .repeated(atom, min: 1, max: nil) }
        if cursor.take("?") { return .repeated(atom, min: 0, max: 1) }
        if cursor.take("{") {
            let min = cursor.next == "," ? 0 : try cursor.number()
            var max: Int? = min
            if cursor.take(",") { max = cursor.next == "}" ? nil : try cursor.number() }
            try cursor.checkCount(min: min, max: max)
            try cursor.expect("}")
            return .repeated(atom, min: min, max: max)
        }
        let position = cursor.position
        space(lines: false)
        guard cursor.take("~") else {
            cursor.position = position
            return atom
        }
        space(lines: false)
        let min = try cursor.number()
        space(lines: false)
        var max = min
        if cursor.take("..") {
            space(lines: false)
            max = try cursor.number()
        }
        try cursor.checkCount(min: min, max: max)
        return .repeated(atom, min: min, max: max)
    }

    private mutating func atom() throws(GrammarError) -> GrammarNode {
        let position = cursor.position
        if cursor.take("(") || cursor.isNext("[") {
            let isOptional = cursor.take("[")
            let inner = try alternatives()
            space(lines: true)
            try cursor.expect(isOptional ? "]" : ")")
            return isOptional ? .repeated(inner, min: 0, max: 1) : inner
        }
        if cursor.next == "\"" { return try text() }
        if cursor.next == "/" { return try pattern() }
        if cursor.take("<[") { return .tokens(try cursor.tokenIDs()) }
        if cursor.next == "<" { return .tokens(try cursor.specialToken(special)) }
        if cursor.take("%json") {
            space(lines: false)
            return .rule(try schema())
        }
        let name = identifier()
        guard !name.isEmpty else { throw cursor.malformed("\(cursor.found) where a symbol should be") }
        named.append((name, position))
        return .name(name)
    }

    /// `"text"`, `"text"i` or `"a".."z"`.
    private mutating func text() throws(GrammarError) -> GrammarNode {
        let first = try quoted()
        if cursor.take("..") {
            let position = cursor.position
            let last = try quoted()
            guard let low = first.unicodeScalars.first, first.unicodeScalars.count == 1,
                let high = last.unicodeScalars.first, last.unicodeScalars.count == 1, low <= high
            else { throw cursor.malformed("a range is of two characters in order", at: position) }
            return .expression(.characters(ScalarSet(low...high)))
        }
        if cursor.take("i") {
            return .expression(.sequence(first.unicodeScalars.map { .characters(ScalarSet($0).withBothCases) }))
        }
        return .expression(first.isEmpty ? .empty : .text(first))
    }

    private mutating func quoted() throws(GrammarError) -> String {
        try cursor.expect("\"")
        var text = String.UnicodeScalarView()
        while !cursor.take("\"") {
            guard let scalar = cursor.next, scalar != "\n" else { throw cursor.malformed("a text without its '\"'") }
            cursor.position += 1
            guard scalar == "\\" else {
                text.append(scalar)
                continue
            }
            guard let escaped = cursor.next else { throw cursor.malformed("an end within an escape") }
            cursor.position += 1
            switch escaped {
            case "n": text.append("\n")
            case "r": text.append("\r")
            case "t": text.append("\t")
            case "f": text.append("\u{C}")
            case "b": text.append("\u{8}")
            case "x": text.append(try cursor.hexadecimal(2))
            case "u": text.append(try cursor.hexadecimal(4))
            case "U": text.append(try cursor.hexadecimal(8))
            case "\"", "\\", "/", "'": text.append(escaped)
            default: throw cursor.malformed("the unknown escape \\\(escaped)")
            }
        }
        return String(text)
    }

    private mutating func pattern() throws(GrammarError) -> GrammarNode {
        let position = cursor.position
        cursor.position += 1
        var pattern = String.UnicodeScalarView()
        var isInClass = false
        while let scalar = cursor.next, scalar != "\n", scalar != "/" || isInClass {
            cursor.position += 1
            if scalar == "\\", let escaped = cursor.next {
                cursor.position += 1
                if escaped != "/" { pattern.append(scalar) }
                pattern.append(escaped)
                continue
            }
            if scalar == "[" { isInClass = true }
            if scalar == "]" { isInClass = false }
            pattern.append(scalar)
        }
        try cursor.expect("/")
        let flags = cursor.take { ("a"..."z").contains($0) }
        for flag in flags.unicodeScalars where !"isu".unicodeScalars.contains(flag) {
            throw cursor.refused("the flag '\(flag)' of a regular expression; i, s and u are taken", at: position)
        }
        do {
            return .expression(
                try RegexExpression(
                    pattern: String(pattern), ignoresCase: flags.contains("i"), dotTakesLineEnds: flags.contains("s")))
        } catch {
            throw GrammarError(error.code, "\(cursor.part), \(cursor.place(position)): \(error.message)")
        }
    }

    /// The JSON schema behind `%json`.
    private mutating func schema() throws(GrammarError) -> RuleID {
        let start = cursor.position
        var nesting = 0
        var isInText = false
        repeat {
            guard let scalar = cursor.next else { throw cursor.malformed("a schema without its end", at: start) }
            cursor.position += 1
            switch scalar {
            case "\\" where isInText: cursor.position += 1
            case "\"": isInText.toggle()
            case "{" where !isInText, "[" where !isInText: nesting += 1
            case "}" where !isInText, "]" where !isInText: nesting -= 1
            default: break
            }
        } while nesting > 0 || isInText
        let end = min(cursor.position, cursor.scalars.count)
        var text = String.UnicodeScalarView()
        text.append(contentsOf: cursor.scalars[start..<end])
        do {
            return try JSONSchema(Array(String(text).utf8)).rule(in: &result)
        } catch {
            throw GrammarError(.refused, "\(cursor.part), \(cursor.place(start)): \(error)")
        }
    }
}
