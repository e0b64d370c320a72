import Foundation

/// Runs one rendering of a template.
final class Interpreter {
    var budget = Budget()
    /// What was reached last; errors are placed there.
    var position = SourcePosition()
    let clock: TemplateClock
    /// How many assignments there were.
    var assignments = 0
    private var output = ""
    /// Objects that may hold each other. They are emptied at the end: a cycle would leak, and a long row of them would
    /// be released by deep recursion.
    private var scopes: [Scope] = []
    private var namespaces: [Namespace] = []
    private(set) var root: Scope

    private init(_ variables: [String: Value], clock: TemplateClock) {
        self.clock = clock
        var names: [String: Value] = [:]
        for function in GlobalFunction.allCases { names[function.rawValue] = .function(function) }
        names.merge(variables) { $1 }
        root = Scope(within: Scope(names, within: nil))
    }

    /// The text that `template` gives.
    static func render(
        _ template: [Statement], _ variables: [String: Value], clock: TemplateClock
    ) throws(JinjaError) -> String {
        let interpreter = Interpreter(variables, clock: clock)
        defer { interpreter.dissolve() }
        do {
            _ = try interpreter.run(template, in: interpreter.root)
            return interpreter.output
        } catch var error as JinjaError {
            error.position = error.position ?? interpreter.position
            throw error
        } catch {
            throw JinjaError("\(error)", at: interpreter.position)
        }
    }

    private func dissolve() {
        for scope in scopes + [root, root.parent].compactMap(\.self) { scope.names = [:] }
        for namespace in namespaces { namespace.members = [:] }
    }

    // MARK: Output

    func write(_ text: String) throws {
        try budget.spend(1 + text.utf8.count / Extent.bytesPerCount)
        output += text
        guard output.utf8.count <= Budget.Limits.textBytes else {
            throw JinjaError("the text has more than \(Budget.Limits.textBytes) bytes, the limit", kind: .limit)
        }
    }

    /// What `body` writes.
    func captured(_ body: () throws -> Void) throws -> String {
        var outer = ""
        swap(&outer, &output)
        defer { swap(&outer, &output) }
        try body()
        try budget.allocate(textBytes: output.utf8.count)
        return output
    }

    // MARK: Objects that can form cycles

    func makeNamespace() throws -> Namespace {
        try budget.allocate(elements: 8)
        let namespace = Namespace()
        namespaces.append(namespace)
        return namespace
    }

    func makeMacro(_ definition: MacroDefinition, in scope: Scope) throws -> Macro {
        try budget.allocate(elements: 8)
        scopes.append(scope)
        return Macro(definition, in: scope)
    }

    func makeScope(_ names: [String: Value] = [:], within parent: Scope?) throws -> Scope {
        try budget.allocate(elements: 4)
        return Scope(names, within: parent)
    }

    // MARK: Values

    func list(_ elements: [Value]) throws -> Value {
        try budget.allocate(elements: elements.count)
        return .list(try Row(elements))
    }

    func tuple(_ elements: [Value]) throws -> Value {
        try budget.allocate(elements: elements.count)
        return .tuple(try Row(elements))
    }

    func dict(_ members: Dict.Members) throws -> Value {
        try budget.allocate(elements: 2 * members.count)
        return .dict(try Dict(members))
    }

    func string(_ text: String) throws -> Value {
        try budget.allocate(textBytes: text.utf8.count)
        return .string(text)
    }

    /// A text that is escaped if `other` is.
    func string(_ text: String, like other: Value) throws -> Value {
        try budget.allocate(textBytes: text.utf8.count)
        if case .markup = other { return .markup(text) }
        return .string(text)
    }

    /// `str(value)`
    func text(_ value: Value) throws -> String {
        if let text = value.text { return text }
        try budget.spend(value.extent.count)
        return try ValueWriter.string(value)
    }

    /// Python's `==`, paid for.
    func areEqual(_ left: Value, _ right: Value) throws -> Bool {
        try budget.spend(min(left.extent.count, right.extent.count))
        return left.isEqual(to: right)
    }

    // MARK: Iteration

    /// All elements of what Python can iterate over.
    func elements(of value: Value) throws -> [Value] {
        switch value {
        case .list(let row), .tuple(let row): return row.elements
        case .iterator(let iterator):
            var elements: [Value] = []
            while let element = try iterator.next() {
                try budget.allocate(elements: 1)
                elements.append(element)
            }
            return elements
        default:
            guard let elements = try madeElements(of: value) else {
                throw JinjaError("a \(value.typeName) has no elements to go over")
            }
            try budget.allocate(elements: elements.count)
            return elements
        }
    }

    /// The elements of what is no row but gives one.
    private func madeElements(of value: Value) throws -> [Value]? {
        switch value {
        case .undefined: []
        case .string(let text), .markup(let text): text.unicodeScalars.map { .string(String($0)) }
        case .dict(let dict): dict.members.keys.map(\.value)
        case .view(let view): try view.elements()
        case .range(let range): range.elements
        default: nil
        }
    }

    /// Gives one element after the other; those of an iterator are made when they are asked for.
    func producer(of value: Value) throws -> () throws -> Value? {
        if case .iterator(let iterator) = value { return iterator.next }
        var rest = try elements(of: value).makeIterator()
        return { rest.next() }
    }

    /// `len(value)`
    func count(of value: Value) throws -> Int {
        switch value {
        case .undefined: 0
        case .string(let text), .markup(let text): PythonText.length(text)
        case .list(let row), .tuple(let row): row.elements.count
        case .dict(let dict): dict.members.count
        case .range(let range): range.count
        case .view(let view): view.dict.members.count
        case .loop(let loop): try loop.count()
        default: throw JinjaError("a \(value.typeName) has no length")
        }
    }
}
