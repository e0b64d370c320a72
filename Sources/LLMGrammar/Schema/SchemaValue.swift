internal import LLMJSON
package import OrderedCollections

/// A JSON value whose numbers and strings are kept exactly as the text has them.
package indirect enum SchemaValue: Hashable, Sendable {
    case null
    case flag(Bool)
    case number(DecimalNumber)
    case text(ExactText)
    case array([SchemaValue])
    /// The members in the order of the text.
    case object(OrderedDictionary<ExactText, SchemaValue>)

    /// Reads the whole of `bytes`, which errors call `part`.
    package init(_ bytes: [UInt8], part: String) throws(SchemaError) {
        var reader = JSONReader(bytes, part: part)
        do {
            self = try Self.read(&reader)
            try reader.finish()
        } catch {
            throw SchemaError(.notJSON, at: "", error.message)
        }
    }

    private static func read(_ reader: inout JSONReader) throws(JSONError) -> SchemaValue {
        switch try reader.kind() {
        case .object:
            try reader.beginObject()
            var members: OrderedDictionary<ExactText, SchemaValue> = [:]
            var name: [UInt8] = []
            while try reader.nextName(appendingTo: &name) {
                let key = ExactText(name)
                guard members.updateValue(try read(&reader), forKey: key) == nil else {
                    throw reader.failure("the name \(key.string.quoted) appears twice")
                }
                name.removeAll(keepingCapacity: true)
            }
            return .object(members)
        case .array:
            try reader.beginArray()
            var elements: [SchemaValue] = []
            while try reader.nextElement() { elements.append(try read(&reader)) }
            return .array(elements)
        case .string:
            var text: [UInt8] = []
            try reader.string(appendingTo: &text)
            return .text(ExactText(text))
        case .number:
            let text = try reader.numberText()
            guard let number = DecimalNumber(text) else {
                throw reader.failure(
                    "the number \(text.quoted) has more than \(DecimalNumber.limits.digits) digits or an exponent "
                        + "beyond \(DecimalNumber.limits.exponent)")
            }
            return .number(number)
        case .word(let word):
            try reader.skipValue()
            guard case .flag(let flag) = word else { return .null }
            return .flag(flag)
        }
    }
}

extension SchemaValue {
    /// What kind of value it is, in words.
    var kindName: String {
        switch self {
        case .null: "null"
        case .flag(let flag): "\(flag)"
        case .number(let number): "the number \(number)"
        case .text(let text): "the string \(text.string.quoted)"
        case .array(let elements): "an array of \(elements.count)"
        case .object(let members): "an object of \(members.count)"
        }
    }

    var object: OrderedDictionary<ExactText, SchemaValue>? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    var array: [SchemaValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    var text: ExactText? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var number: DecimalNumber? {
        guard case .number(let number) = self else { return nil }
        return number
    }
}
