/// Jinja2's filters, without those that make HTML of a text, and with the `tojson` of `transformers`.
enum Filters {
    typealias Filter = @Sendable (Interpreter, Value, Arguments) throws -> Value

    static let table: [String: Filter] = text.merging(sequences) { $1 }.merging(numbers) { $1 }.merging(general) { $1 }

    private static let general: [String: Filter] = [
        "default": defaulted, "d": defaulted,
        "string": { interpreter, value, arguments in
            _ = try arguments.bind("string")
            return value.isMarkup ? value : try interpreter.string(interpreter.text(value))
        },
        "attr": { interpreter, value, arguments in
            let bound = try arguments.bind("attr", "name", required: 1)
            guard let name = try bound.text(0) else { throw JinjaError("attr needs the name of an attribute") }
            if case .undefined(let reason) = value { throw JinjaError(reason.message) }
            return try interpreter.ownAttribute(name, of: value) ?? .undefined(.attribute(name, of: value))
        },
        "items": { interpreter, value, arguments in
            _ = try arguments.bind("items")
            switch value {
            case .undefined: return .iterator(try Iterator("generator", over: []) { nil })
            case .dict(let dict):
                var items = try DictView(dict, .items).elements().makeIterator()
                return .iterator(try Iterator("generator", over: [value]) { items.next() })
            default: throw JinjaError("items needs a dict, not a \(value.typeName)")
            }
        },
        "tojson": { interpreter, value, arguments in
            let bound = try arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys")
            var json = JSONText()
            json.escapesNonASCII = try bound.flag(0)
            json.sortsKeys = try bound.flag(3)
            if let indent = bound.given(1) {
                guard let width = indent.wholeNumber else {
                    guard let text = indent.text else { throw JinjaError("tojson's indent is a number or a string") }
                    json.indent = text
                    json.itemSeparator = ","
                    return try write(value, &json, bound, interpreter)
                }
                try interpreter.budget.check(textBytes: max(0, width))
                json.indent = String(repeating: " ", count: max(0, width))
                json.itemSeparator = ","
            }
            return try write(value, &json, bound, interpreter)
        },
        "pprint": { interpreter, value, arguments in
            _ = try arguments.bind("pprint", "verbose")
            try interpreter.budget.spend(value.extent.count)
            return try interpreter.string(ValueWriter.representation(value, sortsKeys: true))
        },
    ]

    private static func write(
        _ value: Value, _ json: inout JSONText, _ bound: Bound, _ interpreter: Interpreter
    ) throws -> Value {
        if let separators = bound.given(2) {
            let texts = try interpreter.elements(of: separators).compactMap(\.text)
            guard texts.count == 2 else { throw JinjaError("tojson's separators are two strings") }
            (json.itemSeparator, json.keySeparator) = (texts[0], texts[1])
        }
        try interpreter.budget.spend(value.extent.count)
        try json.write(value)
        return try interpreter.string(json.text)
    }

    private static let defaulted: Filter = { _, value, arguments in
        let bound = try arguments.bind("default", "default_value", "boolean")
        let isMissing = try value.isUndefined || (bound.flag(1) && !value.truth())
        return isMissing ? bound[0] ?? .string("") : value
    }

    // MARK: Attributes by path

    /// What `attribute='a.b.0'` asks for: names and numbers between dots.
    struct Path {
        private let keys: [Value]

        init(_ attribute: Value) throws {
            switch attribute {
            case .null: keys = []
            case .string(let path), .markup(let path):
                keys = PythonText.split(path, ".", limit: -1, fromEnd: false).map { part in
                    !part.isEmpty && part.utf8.allSatisfy { 0x30...0x39 ~= $0 }
                        ? Int(part).map(Value.integer) ?? .string(part) : .string(part)
                }
            default: keys = [attribute]
            }
        }

        func value(of value: Value, _ interpreter: Interpreter, default fallback: Value? = nil) throws -> Value {
            var value = value
            for key in keys {
                try interpreter.budget.spend()
                value = try interpreter.item(key, of: value)
                if value.isUndefined, let fallback { value = fallback }
            }
            return value
        }
    }

    /// What values are sorted and compared by: strings in lower case, unless case matters.
    static func key(_ value: Value, isCaseSensitive: Bool, _ interpreter: Interpreter) throws -> Value {
        guard !isCaseSensitive, let text = value.text else { return value }
        return try interpreter.string(PythonText.lowercased(text))
    }
}
