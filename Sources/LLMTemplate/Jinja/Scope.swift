/// The names that a body has set, and the scope around it.
final class Scope {
    var names: [String: Value]
    let parent: Scope?

    init(_ names: [String: Value] = [:], within parent: Scope?) {
        self.names = names
        self.parent = parent
    }

    /// What `name` stands for here.
    subscript(name: String) -> Value? {
        var scope: Scope? = self
        while let current = scope {
            if let value = current.names[name] { return value }
            scope = current.parent
        }
        return nil
    }
}

/// A macro, or the body of a `call` block, with the scope in which it was defined.
final class Macro {
    let definition: MacroDefinition
    let scope: Scope

    init(_ definition: MacroDefinition, in scope: Scope) {
        self.definition = definition
        self.scope = scope
    }
}

/// What `loop` is within a loop. Elements are taken one by one, as Jinja2 takes them, so that a loop's filter sees what
/// the body has done.
final class LoopState {
    private(set) var index0 = -1
    /// How many recursive loops this one is within.
    let depth0: Int
    /// Renders the loop once more, for `loop(elements)`; nil unless the loop is recursive.
    private(set) var recurse: ((Value, Int) throws -> String)?

    private var produce: () throws -> Value?
    private var knownCount: Int?
    /// Elements that were taken ahead of their turn, the next one last.
    private var ahead: [Value] = []
    private var isExhausted = false
    private var current: Value?
    private var previous: Value?
    private var lastChanged: Value?

    init(
        depth0: Int, count: Int?, recurse: ((Value, Int) throws -> String)?, _ produce: @escaping () throws -> Value?
    ) {
        self.depth0 = depth0
        self.recurse = recurse
        self.produce = produce
        knownCount = count
    }

    func next() throws -> Value? {
        guard let element = try ahead.popLast() ?? take() else { return nil }
        index0 += 1
        previous = current
        current = element
        return element
    }

    private func take() throws -> Value? {
        if isExhausted { return nil }
        let element = try produce()
        isExhausted = element == nil
        return element
    }

    private func peek() throws -> Value? {
        if let next = ahead.last { return next }
        guard let element = try take() else { return nil }
        ahead.append(element)
        return element
    }

    /// How many elements there are in all.
    func count() throws -> Int {
        if let knownCount { return knownCount }
        var rest: [Value] = []
        while let element = try take() { rest.append(element) }
        ahead = rest.reversed() + ahead
        let count = ahead.count + index0 + 1
        knownCount = count
        return count
    }

    func isLast() throws -> Bool { try peek() == nil }

    var previousElement: Value {
        index0 == 0 ? .undefined(.because("there is no previous item")) : previous ?? .null
    }

    func nextElement() throws -> Value { try peek() ?? .undefined(.because("there is no next item")) }

    /// Whether `value` is another than when this was asked last.
    func isChanged(_ value: Value) -> Bool {
        if let lastChanged, lastChanged.isEqual(to: value) { return false }
        lastChanged = value
        return true
    }

    /// Lets go of every element. A loop may be kept by its template, and a row of loops that hold each other would be
    /// released by deep recursion.
    func end() {
        ahead = []
        isExhausted = true
        current = nil
        previous = nil
        lastChanged = nil
        produce = { nil }
        recurse = nil
    }
}
