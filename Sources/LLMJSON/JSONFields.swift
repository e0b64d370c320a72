package import OrderedCollections

/// An error of whoever reads a JSON object, made from what is wrong with one of its members.
package protocol JSONFieldFailure: Error {
    /// - Parameters:
    ///   - field: the member's place, such as `messages[0].role`.
    ///   - message: one line that names the place, what is wrong there and the remedy.
    ///   - code: the kind: `invalid_type`, `invalid_argument`, `missing_field`, `unknown_field` or `unsupported_value`.
    init(field: String, message: String, code: String)
}

/// The members of a JSON object from anybody, asked for one by one by name and type. What nobody has asked for at the end
/// is an unknown field, which is refused, as OpenAI does. Null is the same as absent.
package struct JSONFields<Failure: JSONFieldFailure> {
    private var members: OrderedDictionary<String, JSONValue>
    /// Where the object stands in the whole, for errors; empty for the whole.
    private let path: String

    package init(_ members: OrderedDictionary<String, JSONValue>, path: String = "") {
        self.members = members
        self.path = path
    }

    /// The names of the members that nobody has asked for yet.
    package var names: OrderedSet<String> { members.keys }

    // MARK: Values

    /// The value as it is; nil where it is absent or null.
    package mutating func value(_ name: String) -> JSONValue? {
        guard let value = members.removeValue(forKey: name) else { return nil }
        if case .null = value { return nil }
        return value
    }

    /// The value, of a kind.
    private mutating func value<Value>(_ name: String, _ kind: FieldKind<Value>) throws(Failure) -> Value? {
        guard let value = value(name) else { return nil }
        return try read(value, name, kind)
    }

    private func read<Value>(
        _ value: JSONValue, _ name: @autoclosure () -> String, _ kind: FieldKind<Value>
    ) throws(Failure) -> Value {
        guard let read = kind.read(value) else { throw wrong(name(), kind.wanted, value) }
        return read
    }

    /// The value, left where it is; nil where it is absent or null.
    package func peek(_ name: String) -> JSONValue? {
        if case .null? = members[name] { return nil }
        return members[name]
    }

    package mutating func text(_ name: String) throws(Failure) -> String? { try value(name, .text) }
    package mutating func flag(_ name: String) throws(Failure) -> Bool? { try value(name, .flag) }
    package mutating func integer(_ name: String) throws(Failure) -> Int? { try value(name, .integer) }
    package mutating func number(_ name: String) throws(Failure) -> Double? { try value(name, .number) }
    package mutating func array(_ name: String) throws(Failure) -> [JSONValue]? { try value(name, .array) }

    /// The members of an object, to be asked for and finished as these.
    package mutating func object(_ name: String) throws(Failure) -> JSONFields? {
        guard let value = value(name) else { return nil }
        guard case .object(let members) = value else { throw wrong(name, "an object", value) }
        return JSONFields(members, path: place(of: name))
    }

    package mutating func texts(_ name: String) throws(Failure) -> [String]? {
        guard let elements = try array(name) else { return nil }
        var texts: [String] = []
        for (index, element) in elements.enumerated() { texts.append(try read(element, "\(name)[\(index)]", .text)) }
        return texts
    }

    package mutating func tokenIDs(_ name: String) throws(Failure) -> [Int32]? {
        guard let elements = try array(name) else { return nil }
        return try tokenIDs(elements, name)
    }

    /// One string, or several in an array.
    package mutating func textOrTexts(_ name: String) throws(Failure) -> [String]? {
        if case .string(let text)? = members[name] {
            members[name] = nil
            return [text]
        }
        return try texts(name)
    }

    /// One of the values of `Value`.
    package mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, of type: Value.Type = Value.self
    ) throws(Failure) -> Value? where Value.RawValue == String {
        guard let text = try text(name) else { return nil }
        if let value = Value(rawValue: text) { return value }
        let known = Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        throw invalid(name, "is \(text.quoted); it must be one of \(known)")
    }

    package func tokenIDs(_ elements: [JSONValue], _ name: String) throws(Failure) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(elements.count)
        // Made once: a prompt may have a million of them.
        let kind = FieldKind<Int32>.tokenID
        for (index, element) in elements.enumerated() { ids.append(try read(element, "\(name)[\(index)]", kind)) }
        return ids
    }

    // MARK: What is not asked for

    /// Takes fields that mean nothing here, whatever they say.
    package mutating func ignore(_ names: String...) { for name in names { members[name] = nil } }

    /// Rejects an unimplemented field unless its value is a no-op.
    package mutating func refuse(_ name: String, unless isNothing: (JSONValue) -> Bool = { _ in false }, _ why: String)
        throws(Failure)
    {
        guard let value = value(name), !isNothing(value) else { return }
        throw invalid(name, "is given; \(why)", code: "unsupported_value")
    }

    /// Refuses what nobody has asked for, but null, which is the same as absent.
    package func finish() throws(Failure) {
        guard let name = members.first(where: { $0.value != .null })?.key else { return }
        let place = place(of: name)
        throw Failure(
            field: place, message: "there is no field \(place.quoted) here; leave it out", code: "unknown_field")
    }

    // MARK: Errors

    /// The error that field `name` is wrong in the way that `problem` says.
    package func invalid(_ name: String, _ problem: String, code: String = "invalid_argument") -> Failure {
        let place = place(of: name)
        return Failure(field: place, message: "\(place) \(problem)", code: code)
    }

    private func wrong(_ name: String, _ expected: String, _ value: JSONValue) -> Failure {
        invalid(name, "is \(value.kindName); it must be \(expected)", code: "invalid_type")
    }

    private func place(of name: String) -> String {
        let name = name.prefix(100)
        return path.isEmpty ? String(name) : "\(path).\(name)"
    }
}
