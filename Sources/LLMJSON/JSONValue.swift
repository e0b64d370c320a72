package import OrderedCollections

/// Any JSON value, for small texts whose keys are asked for by name. ``JSONReader`` says what is refused.
package indirect enum JSONValue: Sendable, Hashable {
    case null
    case flag(Bool)
    /// A number written without fraction and exponent that fits `Int`.
    case integer(Int)
    /// Any other number; infinite where it is beyond the range of doubles.
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// The members in the order of the text.
    case object(OrderedDictionary<String, JSONValue>)

    /// Reads the whole of `bytes`, which errors call `part`.
    ///
    /// - Parameters:
    ///   - takesAnyText: as for ``JSONReader/value(takesAnyText:)``.
    ///   - takesPythonNumbers: as for ``JSONReader/init(_:part:takesPythonNumbers:)``.
    package init(
        _ bytes: [UInt8], part: String = "the JSON", takesAnyText: Bool = false, takesPythonNumbers: Bool = false
    ) throws(JSONError) {
        var reader = JSONReader(bytes, part: part, takesPythonNumbers: takesPythonNumbers)
        self = try reader.value(takesAnyText: takesAnyText)
        try reader.finish()
    }
}

extension JSONReader {
    /// The next value as a tree. The limit on nesting bounds the recursion.
    ///
    /// - Parameter takesAnyText: whether strings that are no names are read as ``text()`` is: for trees that nobody
    ///   compares or hashes.
    package mutating func value(takesAnyText: Bool = false) throws(JSONError) -> JSONValue {
        switch try kind() {
        case .object:
            try beginObject()
            var members: OrderedDictionary<String, JSONValue> = [:]
            while let name = try nextName() { members[name] = try value(takesAnyText: takesAnyText) }
            return .object(members)
        case .array:
            try beginArray()
            var elements: [JSONValue] = []
            while try nextElement() { elements.append(try value(takesAnyText: takesAnyText)) }
            return .array(elements)
        case .string: return .string(try takesAnyText ? text() : string())
        case .number:
            let text = try numberText()
            return Int(text).map(JSONValue.integer) ?? .number(Double(text) ?? .nan)
        case .word(let word):
            try skipValue()
            return word
        }
    }
}
