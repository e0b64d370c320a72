/// The methods of strings, dicts, lists and tuples, with Python's semantics. Those that change their value are kept from
/// templates, as Jinja2's immutable sandbox keeps them.
enum Methods {
    static let dict: Set = ["get", "items", "keys", "values", "copy", "fromkeys"]
    static let dictMutators: Set = ["clear", "pop", "popitem", "setdefault", "update"]
    static let list: Set = ["count", "index", "copy"]
    static let listMutators: Set = ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"]
    static let tuple: Set = ["count", "index"]
    static let text = Set(TextMethods.table.keys)

    static func call(_ method: BoundMethod, _ arguments: Arguments, _ interpreter: Interpreter) throws -> Value {
        let name = method.name + "()"
        switch method.receiver {
        case .string(let text), .markup(let text):
            guard let function = TextMethods.table[method.name] else {
                throw JinjaError("there is no method '\(method.name)'")
            }
            try interpreter.budget.spend(1 + text.utf8.count / Extent.bytesPerCount)
            for argument in arguments.positional { try interpreter.spend(on: argument) }
            return try function(
                TextMethods.Call(
                    name: name, text: text, receiver: method.receiver, arguments: arguments, interpreter: interpreter))
        case .dict(let dict): return try call(dict, method.name, arguments, interpreter)
        case .list(let row), .tuple(let row): return try call(row, method, arguments, interpreter)
        case .loop(let loop): return try call(loop, method.name, arguments, interpreter)
        case .cycler(let cycler):
            _ = try arguments.bind(name)
            let item = cycler.items.elements[cycler.index]
            cycler.index = method.name == "next" ? (cycler.index + 1) % cycler.items.elements.count : 0
            return method.name == "next" ? item : .null
        case .float(let value):
            _ = try arguments.bind(name)
            return .flag(value.isFinite && value == value.rounded())
        default: throw JinjaError("there is no method '\(method.name)'")
        }
    }

    private static func call(
        _ dict: Dict, _ name: String, _ arguments: Arguments, _ interpreter: Interpreter
    ) throws -> Value {
        switch name {
        case "get":
            guard arguments.keyword.isEmpty else { throw JinjaError("get() takes no arguments with names") }
            let bound = try arguments.bind("get()", "key", "default", required: 1)
            let key = bound[0] ?? .null
            try interpreter.budget.spend(key.extent.count)
            return try dict.members[DictKey(key)] ?? bound[1] ?? .null
        case "copy":
            _ = try arguments.bind("copy()")
            return .dict(dict)
        case "fromkeys":
            let bound = try arguments.bind("fromkeys()", "iterable", "value", required: 1)
            var members: Dict.Members = [:]
            for key in try interpreter.elements(of: bound[0] ?? .null) { members[try DictKey(key)] = bound[1] ?? .null }
            return try interpreter.dict(members)
        default:
            _ = try arguments.bind(name + "()")
            guard let part = DictView.Part(rawValue: name) else { throw JinjaError("there is no method '\(name)'") }
            return .view(DictView(dict, part))
        }
    }

    private static func call(
        _ row: Row, _ method: BoundMethod, _ arguments: Arguments, _ interpreter: Interpreter
    ) throws -> Value {
        switch method.name {
        case "count":
            let bound = try arguments.bind("count()", "value", required: 1)
            return .integer(try row.elements.count { try interpreter.areEqual($0, bound[0] ?? .null) })
        case "index":
            let bound = try arguments.bind("index()", "value", "start", "stop", required: 1)
            let indices = try SliceIndices(
                start: bound.wholeNumber(1), stop: bound.wholeNumber(2), step: nil, count: row.elements.count)
            for index in indices.positions where try interpreter.areEqual(row.elements[index], bound[0] ?? .null) {
                return .integer(index)
            }
            throw JinjaError("index() finds no such value")
        default:
            _ = try arguments.bind(method.name + "()")
            return method.receiver
        }
    }

    private static func call(
        _ loop: LoopState, _ name: String, _ arguments: Arguments, _ interpreter: Interpreter
    ) throws -> Value {
        guard arguments.keyword.isEmpty else { throw JinjaError("loop.\(name)() takes no arguments with names") }
        if name == "changed" { return .flag(loop.isChanged(try interpreter.tuple(arguments.positional))) }
        guard !arguments.positional.isEmpty else { throw JinjaError("loop.cycle() needs at least one item") }
        return arguments.positional[loop.index0 % arguments.positional.count]
    }
}
