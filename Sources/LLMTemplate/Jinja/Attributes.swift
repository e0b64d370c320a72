/// How `.name` and `[key]` find what they ask for. As in Jinja2, a dot looks for a method before it looks for a member.
extension Interpreter {
    /// `value.name`
    func attribute(_ name: String, of value: Value) throws -> Value {
        if case .undefined(let reason) = value { throw JinjaError(reason.message) }
        if let attribute = try ownAttribute(name, of: value) { return attribute }
        if case .dict(let dict) = value, let member = dict[name] { return member }
        return .undefined(.attribute(name, of: value))
    }

    /// `value[key]`
    func item(_ key: Value, of value: Value) throws -> Value {
        switch value {
        case .undefined(let reason): throw JinjaError(reason.message)
        case .dict(let dict):
            try budget.spend(key.extent.count)
            if let key = try? DictKey(key), let member = dict.members[key] { return member }
        case .list(let row), .tuple(let row):
            if let index = Self.index(key, row.elements.count) { return row.elements[index] }
        case .range(let range):
            if let index = Self.index(key, range.count) { return range[index] }
        case .string(let text), .markup(let text):
            if let index = key.wholeNumber {
                try budget.spend(1 + text.utf8.count / Extent.bytesPerCount)
                if let scalar = PythonText.scalar(text, at: index) { return try string(scalar, like: value) }
            }
        default: break
        }
        if let name = key.text {
            return try ownAttribute(name, of: value) ?? .undefined(.attribute(name, of: value))
        }
        return .undefined(.item(key, of: value))
    }

    private static func index(_ key: Value, _ count: Int) -> Int? {
        guard let index = key.wholeNumber else { return nil }
        let place = index < 0 ? index + count : index
        return 0..<count ~= place ? place : nil
    }

    /// What Python's `getattr` finds.
    func ownAttribute(_ name: String, of value: Value) throws -> Value? {
        if name.hasPrefix("__"), name.hasSuffix("__") { return .undefined(.refused(name, of: value)) }
        switch value {
        case .string, .markup: return Methods.text.contains(name) ? .method(BoundMethod(value, name)) : nil
        case .dict:
            if Methods.dictMutators.contains(name) { return .undefined(.refused(name, of: value)) }
            return Methods.dict.contains(name) ? .method(BoundMethod(value, name)) : nil
        case .list:
            if Methods.listMutators.contains(name) { return .undefined(.refused(name, of: value)) }
            return Methods.list.contains(name) ? .method(BoundMethod(value, name)) : nil
        case .tuple(let row):
            if let index = row.names.firstIndex(of: name) { return row.elements[index] }
            return Methods.tuple.contains(name) ? .method(BoundMethod(value, name)) : nil
        case .namespace(let namespace): return namespace.members[DictKey(name)]
        case .loop(let loop): return try loopAttribute(name, of: loop, value)
        case .macro(let macro): return try macroAttribute(name, of: macro)
        case .cycler(let cycler):
            if name == "current" { return cycler.items.elements[cycler.index] }
            return ["next", "reset"].contains(name) ? .method(BoundMethod(value, name)) : nil
        case .joiner(let joiner):
            if name == "sep" { return joiner.separator }
            return name == "used" ? .flag(joiner.isUsed) : nil
        case .range(let range):
            return ["start": range.start, "stop": range.stop, "step": range.step][name].map(Value.integer)
        case .float: return name == "is_integer" ? .method(BoundMethod(value, name)) : nil
        default: return nil
        }
    }

    private func loopAttribute(_ name: String, of loop: LoopState, _ value: Value) throws -> Value? {
        switch name {
        case "index": .integer(loop.index0 + 1)
        case "index0": .integer(loop.index0)
        case "revindex": .integer(try loop.count() - loop.index0)
        case "revindex0": .integer(try loop.count() - loop.index0 - 1)
        case "first": .flag(loop.index0 == 0)
        case "last": .flag(try loop.isLast())
        case "length": .integer(try loop.count())
        case "depth": .integer(loop.depth0 + 1)
        case "depth0": .integer(loop.depth0)
        case "previtem": loop.previousElement
        case "nextitem": try loop.nextElement()
        case "cycle", "changed": .method(BoundMethod(value, name))
        default: nil
        }
    }

    private func macroAttribute(_ name: String, of macro: Macro) throws -> Value? {
        let definition = macro.definition
        return switch name {
        case "name": definition.name.map(Value.string) ?? .null
        case "arguments": try tuple(definition.parameters.map { .string($0.name) })
        case "catch_kwargs": .flag(definition.takesKwargs)
        case "catch_varargs": .flag(definition.takesVarargs)
        case "caller": .flag(definition.usesCaller)
        default: nil
        }
    }
}
