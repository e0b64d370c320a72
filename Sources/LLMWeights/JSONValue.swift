/// Any JSON value, for small files whose keys are asked for by name. ``JSONReader`` says what is refused.
package indirect enum JSONValue: Sendable {
    case null
    case flag(Bool)
    /// Infinite where the file's number is beyond the range of doubles.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads the whole of `bytes`, which are the contents of `file`.
    package init(_ bytes: [UInt8], file: String) throws(WeightsError) {
        var reader = JSONReader(bytes, file: file, part: "the JSON")
        self = try reader.value()
        try reader.finish()
    }
}

extension JSONReader {
    /// The next value as a tree. The limit on nesting bounds the recursion.
    fileprivate mutating func value() throws(WeightsError) -> JSONValue {
        switch try kind() {
        case .object:
            try beginObject()
            var members: [String: JSONValue] = [:]
            while let name = try nextName() { members[name] = try value() }
            return .object(members)
        case .array:
            try beginArray()
            var elements: [JSONValue] = []
            while try nextElement() { elements.append(try value()) }
            return .array(elements)
        case .string: return .string(try string())
        case .number: return .number(try number())
        case .word(let word):
            try skipValue()
            return word
        }
    }
}
