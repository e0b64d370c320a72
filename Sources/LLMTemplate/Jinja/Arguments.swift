/// The values that a call brings.
struct Arguments {
    var positional: [Value] = []
    var keyword: [(name: String, value: Value)] = []

    /// Gives each of a function's parameters its value, or nil where the call brings none.
    func bind(_ function: String, _ parameters: String..., required: Int = 0) throws -> Bound {
        try bind(function, parameters: parameters, required: required)
    }

    func bind(_ function: String, parameters: [String], required: Int) throws -> Bound {
        guard positional.count <= parameters.count else {
            throw JinjaError("\(function) takes at most \(parameters.count) arguments, not \(positional.count)")
        }
        var values: [Value?] = positional
        values += Array(repeating: nil, count: parameters.count - positional.count)
        for (name, value) in keyword {
            guard let index = parameters.firstIndex(of: name) else {
                throw JinjaError("\(function) has no argument '\(name)'")
            }
            guard values[index] == nil else { throw JinjaError("\(function) gets '\(name)' twice") }
            values[index] = value
        }
        for index in 0..<required where values[index] == nil {
            throw JinjaError("\(function) needs the argument '\(parameters[index])'")
        }
        return Bound(function: function, parameters: parameters, values: values)
    }
}

/// A call's arguments by the parameters' places.
struct Bound {
    let function: String
    let parameters: [String]
    let values: [Value?]

    /// The argument, or nil where none was given.
    subscript(index: Int) -> Value? { values[index] }

    /// The argument, or nil where none or `none` was given.
    func given(_ index: Int) -> Value? { values[index].flatMap { $0.isNone ? nil : $0 } }

    func text(_ index: Int) throws -> String? { try given(index).map { try require($0.text, "a string", index, $0) } }

    func wholeNumber(_ index: Int) throws -> Int? {
        try given(index).map { try require($0.wholeNumber, "a whole number", index, $0) }
    }

    func flag(_ index: Int) throws -> Bool { try values[index].map { try $0.truth() } ?? false }

    private func require<Wanted>(_ wanted: Wanted?, _ kind: String, _ index: Int, _ value: Value) throws -> Wanted {
        guard let wanted else {
            throw JinjaError("'\(parameters[index])' of \(function) must be \(kind), not a \(value.typeName)")
        }
        return wanted
    }
}

extension Value {
    /// Python's `bool(value)`.
    func truth() throws -> Bool {
        if case .loop(let loop) = self { return try loop.count() > 0 }
        return isTrue
    }
}
