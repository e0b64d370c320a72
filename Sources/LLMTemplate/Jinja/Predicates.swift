/// Jinja2's tests: what may follow `is`.
enum Predicates {
    typealias Predicate = @Sendable (Interpreter, Value, Arguments) throws -> Bool

    static let table: [String: Predicate] = [
        "defined": plain("defined") { !$0.isUndefined },
        "undefined": plain("undefined", \.isUndefined),
        "none": plain("none", \.isNone),
        "boolean": plain("boolean") { if case .flag = $0 { true } else { false } },
        "true": plain("true") { if case .flag(true) = $0 { true } else { false } },
        "false": plain("false") { if case .flag(false) = $0 { true } else { false } },
        "integer": plain("integer") { if case .integer = $0 { true } else { false } },
        "float": plain("float") { if case .float = $0 { true } else { false } },
        "number": plain("number") { $0.number != nil },
        "string": plain("string") { $0.text != nil },
        "mapping": plain("mapping") { if case .dict = $0 { true } else { false } },
        "escaped": plain("escaped", \.isMarkup),
        "sequence": plain("sequence", \.isSequence),
        "iterable": plain("iterable", \.isIterable),
        "callable": plain("callable", \.isCallable),
        "odd": { interpreter, value, arguments in
            _ = try arguments.bind("odd")
            return try interpreter.areEqual(interpreter.apply(.modulo, value, .integer(2)), .integer(1))
        },
        "even": { interpreter, value, arguments in
            _ = try arguments.bind("even")
            return try interpreter.areEqual(interpreter.apply(.modulo, value, .integer(2)), .integer(0))
        },
        "divisibleby": { interpreter, value, arguments in
            let bound = try arguments.bind("divisibleby", "num", required: 1)
            return try interpreter.areEqual(interpreter.apply(.modulo, value, bound[0] ?? .null), .integer(0))
        },
        "lower": { interpreter, value, arguments in
            _ = try arguments.bind("lower")
            return PythonText.isAllCased(try interpreter.text(value), \.isLowercase)
        },
        "upper": { interpreter, value, arguments in
            _ = try arguments.bind("upper")
            return PythonText.isAllCased(try interpreter.text(value), \.isUppercase)
        },
        "filter": { _, value, arguments in
            _ = try arguments.bind("filter")
            return value.text.map { Filters.table[$0] != nil } ?? false
        },
        "test": { _, value, arguments in
            _ = try arguments.bind("test")
            return value.text.map(isTest) ?? false
        },
        "sameas": { _, value, arguments in
            let bound = try arguments.bind("sameas", "other", required: 1)
            return value.isIdentical(to: bound[0] ?? .null)
        },
        "in": { interpreter, value, arguments in
            let bound = try arguments.bind("in", "seq", required: 1)
            return try interpreter.contains(bound[0] ?? .null, value)
        },
        "eq": compare(.equal), "equalto": compare(.equal), "==": compare(.equal),
        "ne": compare(.notEqual), "!=": compare(.notEqual),
        "lt": compare(.less), "lessthan": compare(.less), "<": compare(.less),
        "le": compare(.lessOrEqual), "<=": compare(.lessOrEqual),
        "gt": compare(.greater), "greaterthan": compare(.greater), ">": compare(.greater),
        "ge": compare(.greaterOrEqual), ">=": compare(.greaterOrEqual),
    ]

    private static func isTest(_ name: String) -> Bool { table[name] != nil }

    private static func plain(_ name: String, _ answer: @escaping @Sendable (Value) -> Bool) -> Predicate {
        { _, value, arguments in
            _ = try arguments.bind(name)
            return answer(value)
        }
    }

    private static func compare(_ comparison: Comparison) -> Predicate {
        { interpreter, value, arguments in
            let bound = try arguments.bind(comparison.rawValue, "other", required: 1)
            return try interpreter.compare(value, comparison, bound[0] ?? .null)
        }
    }
}

extension Value {
    /// Whether the value has a length and items.
    fileprivate var isSequence: Bool {
        switch self {
        case .undefined, .string, .markup, .list, .tuple, .dict, .range: true
        default: false
        }
    }

    fileprivate var isIterable: Bool {
        switch self {
        case .view, .iterator, .loop: true
        default: isSequence
        }
    }

    fileprivate var isCallable: Bool {
        switch self {
        case .undefined, .macro, .method, .function, .loop, .joiner: true
        default: false
        }
    }
}
