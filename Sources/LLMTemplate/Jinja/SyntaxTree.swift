/// An expression. Chains are flat rows, so that a tree is only as deep as the brackets in the text.
indirect enum Expression: Sendable {
    case null
    case flag(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case name(String, SourcePosition)
    case list([Expression])
    case tuple([Expression])
    case dict([(key: Expression, value: Expression)], SourcePosition)
    case postfix(Expression, [Suffix])
    /// Operators of one rank, applied from left to right.
    case arithmetic(Expression, [Operation])
    /// Signs in front of a number.
    case signed(Expression, isNegative: Bool, SourcePosition)
    case concatenation([Expression], SourcePosition)
    case comparison(Expression, [(comparison: Comparison, operand: Expression)], SourcePosition)
    /// `not`, as often as it is written.
    case not(Expression, isNegated: Bool)
    case and([Expression])
    case or([Expression])
    case conditional([Choice], otherwise: Expression?, SourcePosition)

    /// What follows a value: `.name`, `[item]`, `(arguments)`, `|filter`, `is test`.
    struct Suffix: Sendable {
        let kind: Kind
        let position: SourcePosition

        enum Kind: Sendable {
            case attribute(String)
            case item(Expression)
            case slice(start: Expression?, stop: Expression?, step: Expression?)
            case call(CallArguments)
            case filter(String, CallArguments)
            case test(String, CallArguments, isNegated: Bool)
        }
    }

    struct Operation: Sendable {
        let kind: Arithmetic
        let operand: Expression
        let position: SourcePosition
    }

    /// `value if condition`.
    struct Choice: Sendable {
        let condition: Expression
        let value: Expression
    }
}

enum Arithmetic: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
}

enum Comparison: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}

/// The arguments of a call as they are written.
struct CallArguments: Sendable {
    var positional: [Expression] = []
    var keyword: [(name: String, value: Expression)] = []
    /// `*row`
    var unpackedPositional: Expression?
    /// `**dict`
    var unpackedKeyword: Expression?
}

/// What a value may be assigned to.
indirect enum Target: Sendable {
    case name(String)
    case attribute(of: String, String, SourcePosition)
    case tuple([Target], SourcePosition)
}

indirect enum Statement: Sendable {
    case text(String)
    case output(Expression, SourcePosition)
    case assign(Target, Expression, SourcePosition)
    case assignBlock(Target, filters: [Expression.Suffix], body: [Statement], SourcePosition)
    case branch([(condition: Expression, body: [Statement])], otherwise: [Statement])
    case loop(Loop)
    case macro(MacroDefinition)
    case callBlock(call: Expression, caller: MacroDefinition, SourcePosition)
    case filterBlock([Expression.Suffix], body: [Statement], SourcePosition)
    case with([(target: Target, value: Expression)], body: [Statement], SourcePosition)
    /// A body with a scope of its own: `generation` and `block`.
    case scope(body: [Statement], seesSurroundings: Bool, SourcePosition)
    case breakLoop
    case continueLoop

    struct Loop: Sendable {
        let target: Target
        let iterable: Expression
        let filter: Expression?
        let isRecursive: Bool
        let body: [Statement]
        let otherwise: [Statement]
        let position: SourcePosition
    }
}

struct MacroDefinition: Sendable {
    /// Nil for the body of a `call` block.
    let name: String?
    let parameters: [(name: String, defaultValue: Expression?)]
    let body: [Statement]
    /// Whether the body speaks of `caller`, `varargs`, `kwargs`; only then may a call bring such.
    let usesCaller: Bool
    let takesVarargs: Bool
    let takesKwargs: Bool
    let position: SourcePosition
}
