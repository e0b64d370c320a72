/// Reads a template's tokens into statements, by the grammar of Jinja2 3.1.
struct Parser {
    var tokens: [Token]
    var place = 0
    /// How many brackets and blocks are open.
    var depth = 0
    /// How many loops a `break` at this place could leave.
    var openLoops = 0
    /// The macros and call blocks that are open, and which special names they speak of.
    var openMacros: [SpecialNames] = []
    var blockNames: Set<String> = []
    /// Filters and tests that there are not. They are errors unless an `if` may keep them from being reached.
    var unknownNames: [JinjaError] = []
    /// Whether the innermost frame hangs on a condition.
    var isConditional = false

    struct SpecialNames {
        var caller = false
        var varargs = false
        var kwargs = false
    }

    enum Limits {
        /// Brackets and blocks within each other. What a level needs of the stack, here and when it is evaluated,
        /// times this must fit a small thread.
        static let depth = 64
        /// Parameters of a macro, and arguments with names of a call.
        static let names = 1000
    }

    /// The statements of `text`.
    static func statements(of text: String) throws -> [Statement] {
        var parser = Parser(tokens: try Lexer.tokens(of: text))
        let body = try parser.body(until: [])
        return body
    }

    // MARK: Tokens

    var current: Token.Kind { tokens[place].kind }
    var next: Token.Kind { tokens[min(place + 1, tokens.count - 1)].kind }
    var position: SourcePosition { tokens[place].position }

    mutating func advance() { if place < tokens.count - 1 { place += 1 } }

    func isName(_ name: String) -> Bool { current == .name(name) }
    func isSymbol(_ symbol: Token.Symbol) -> Bool { current == .symbol(symbol) }

    mutating func skip(_ name: String) -> Bool {
        guard isName(name) else { return false }
        advance()
        return true
    }

    mutating func skip(_ symbol: Token.Symbol) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: Token.Symbol) throws {
        guard skip(symbol) else { throw failure("\(current) stands where '\(symbol.rawValue)' is needed") }
    }

    mutating func expect(_ kind: Token.Kind) throws {
        guard current == kind else { throw failure("\(current) stands where \(kind) is needed") }
        advance()
    }

    mutating func expectName() throws -> String {
        guard case .name(let name) = current else { throw failure("\(current) stands where a name is needed") }
        advance()
        return name
    }

    func failure(_ message: String, at position: SourcePosition? = nil) -> JinjaError {
        JinjaError(message, kind: .syntax, at: position ?? self.position)
    }

    mutating func nested<Result>(_ body: (inout Parser) throws -> Result) throws -> Result {
        guard depth < Limits.depth else {
            throw JinjaError(
                "brackets and blocks nest deeper than \(Limits.depth), the limit", kind: .limit, at: position)
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    /// Raises what was found unknown since there were `count` such, unless a condition may keep it from being reached.
    mutating func settleUnknownNames(since count: Int) throws {
        guard unknownNames.count > count else { return }
        let first = unknownNames[count]
        unknownNames.removeSubrange(count...)
        if !isConditional { throw first }
    }
}
