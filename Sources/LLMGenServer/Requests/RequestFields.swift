package import LLMGen
package import LLMJSON
package import OrderedCollections

/// The members of a request's JSON object, asked for one by one by name and type. What nobody has asked for at the end
/// is an unknown field, which is refused, as OpenAI does. Null is the same as absent.
package struct RequestFields {
    private var members: OrderedDictionary<String, JSONValue>
    /// Where the object stands in the request, for errors; empty for the whole.
    private let path: String

    /// Reads a body.
    ///
    /// - Throws: 400 for what is no JSON object; JSON that nests too deep, is not UTF-8 or names a member twice is none.
    package init(_ body: [UInt8]) throws(ErrorResponse) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(body, part: "the body", takesAnyText: true)
        } catch {
            throw ErrorResponse(status: 400, code: "invalid_json", message: "\(error.message); send a JSON object")
        }
        guard case .object(let members) = value else {
            throw ErrorResponse(
                status: 400, code: "invalid_json", message: "the body is \(value.kindName); send a JSON object")
        }
        self.init(members, path: "")
    }

    package init(_ members: OrderedDictionary<String, JSONValue>, path: String) {
        self.members = members
        self.path = path
    }

    // MARK: Values

    /// The value as it is; nil where it is absent or null.
    package mutating func value(_ name: String) -> JSONValue? {
        guard let value = members.removeValue(forKey: name) else { return nil }
        if case .null = value { return nil }
        return value
    }

    /// The value, left where it is.
    package func peek(_ name: String) -> JSONValue? { members[name] }

    package mutating func text(_ name: String) throws(ErrorResponse) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value else { throw wrong(name, "a string", value) }
        return text
    }

    package mutating func flag(_ name: String) throws(ErrorResponse) -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .flag(let flag) = value else { throw wrong(name, "true or false", value) }
        return flag
    }

    package mutating func integer(_ name: String) throws(ErrorResponse) -> Int? {
        guard let value = value(name) else { return nil }
        guard let integer = value.exactInteger else { throw wrong(name, "a whole number of 64 bits", value) }
        return integer
    }

    package mutating func number(_ name: String) throws(ErrorResponse) -> Double? {
        guard let value = value(name) else { return nil }
        guard let number = value.finiteNumber else { throw wrong(name, "a number", value) }
        return number
    }

    package mutating func array(_ name: String) throws(ErrorResponse) -> [JSONValue]? {
        guard let value = value(name) else { return nil }
        guard case .array(let elements) = value else { throw wrong(name, "an array", value) }
        return elements
    }

    /// The members of an object, to be asked for and finished as these.
    package mutating func object(_ name: String) throws(ErrorResponse) -> RequestFields? {
        guard let value = value(name) else { return nil }
        guard case .object(let members) = value else { throw wrong(name, "an object", value) }
        return RequestFields(members, path: place(of: name))
    }

    package mutating func texts(_ name: String) throws(ErrorResponse) -> [String]? {
        guard let elements = try array(name) else { return nil }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard case .string(let text) = element else { throw wrong("\(name)[\(index)]", "a string", element) }
            texts.append(text)
        }
        return texts
    }

    package mutating func tokenIDs(_ name: String) throws(ErrorResponse) -> [TokenID]? {
        guard let elements = try array(name) else { return nil }
        return try tokenIDs(elements, name)
    }

    /// One string, or several in an array.
    package mutating func textOrTexts(_ name: String) throws(ErrorResponse) -> [String]? {
        if case .string(let text)? = members[name] {
            members[name] = nil
            return [text]
        }
        return try texts(name)
    }

    /// One of the values of `Value`.
    mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, of type: Value.Type = Value.self
    ) throws(ErrorResponse) -> Value? where Value.RawValue == String {
        guard let text = try text(name) else { return nil }
        if let value = Value(rawValue: text) { return value }
        let known = Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        throw invalid(name, "is \(text.quoted); it must be one of \(known)")
    }

    func tokenIDs(_ elements: [JSONValue], _ name: String) throws(ErrorResponse) -> [TokenID] {
        var ids: [TokenID] = []
        ids.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard let id = element.exactInteger.flatMap({ TokenID(exactly: $0) }) else {
                throw wrong("\(name)[\(index)]", "a token id", element)
            }
            ids.append(id)
        }
        return ids
    }

    // MARK: What is not for this server

    /// Takes fields that mean nothing here, whatever they say.
    package mutating func ignore(_ names: String...) { for name in names { members[name] = nil } }

    /// Rejects an unimplemented field unless its value is a no-op.
    mutating func refuse(_ name: String, unless isNothing: (JSONValue) -> Bool = { _ in false }, _ why: String)
        throws(ErrorResponse)
    {
        guard let value = value(name), !isNothing(value) else { return }
        throw invalid(name, "is given; \(why)", code: "unsupported_value")
    }

    /// Refuses what nobody has asked for.
    package func finish() throws(ErrorResponse) {
        guard let name = members.keys.first else { return }
        throw ErrorResponse(
            status: 400, code: "unknown_field",
            message: "there is no field \(place(of: name).quoted) here; leave it out", param: place(of: name))
    }

    // MARK: Errors

    /// The error that field `name` is wrong in the way that `problem` says.
    func invalid(_ name: String, _ problem: String, code: String = "invalid_argument") -> ErrorResponse {
        let place = place(of: name)
        return ErrorResponse(status: 400, code: code, message: "\(place) \(problem)", param: place)
    }

    private func wrong(_ name: String, _ expected: String, _ value: JSONValue) -> ErrorResponse {
        invalid(name, "is \(value.kindName); it must be \(expected)", code: "invalid_type")
    }

    private func place(of name: String) -> String {
        let name = name.prefix(100)
        return path.isEmpty ? String(name) : "\(path).\(name)"
    }
}

extension JSONValue {
    /// What kind of value it is, in words.
    var kindName: String {
        switch self {
        case .null: "null"
        case .flag(let flag): flag ? "true" : "false"
        case .integer(let number): "the number \(number)"
        case .number(let number): "the number \(number)"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The whole number that it is, also where it is written with a fraction of zero.
    var exactInteger: Int? {
        switch self {
        case .integer(let integer): integer
        case .number(let number): abs(number) < 0x1p53 ? Int(exactly: number) : nil
        default: nil
        }
    }

    /// The number that it is, within the range of doubles.
    var finiteNumber: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number.isFinite ? number : nil
        default: nil
        }
    }
}
