public import LLMJSON
import OrderedCollections

/// A value that a chat template is given: what JSON can say, with the members of objects in their order.
public enum TemplateValue: Sendable {
    /// `null`, Python's `None`.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([TemplateValue])
    /// A dict. Of members with equal names the last counts.
    case object([Member])

    /// A member of an object.
    public struct Member: Sendable {
        /// The member's name.
        public var name: String
        /// The member's value.
        public var value: TemplateValue

        /// A member called `name`.
        public init(_ name: String, _ value: TemplateValue) {
            self.name = name
            self.value = value
        }
    }

    /// Reads JSON (RFC 8259); a whole number that does not fit 64 bits becomes the nearest double.
    ///
    /// - Throws: `malformedConversation`, with the place, where `json` is no JSON, nests deeper than 64 or names a member
    ///   twice.
    public init(json: [UInt8]) throws(TemplateError) {
        do {
            self.init(try JSONValue(json, part: "the JSON", takesAnyText: true))
        } catch {
            throw TemplateError(.malformedConversation, "\(error.message); correct the JSON")
        }
    }

    /// JSON of the value, each level on lines of its own.
    ///
    /// - Throws: `malformedConversation` where a number is infinite or none, or where the value nests deeper than 100.
    public func json() throws(TemplateError) -> String {
        guard hasOnlyNumbersOfJSON else {
            throw TemplateError(
                .malformedConversation, "a number is beyond the range of doubles; JSON cannot say it, so leave it out")
        }
        do {
            var json = JSONText(indent: "  ", itemSeparator: ",")
            try json.write(try LLMTemplate.Value(self))
            return json.text
        } catch {
            throw TemplateError(.malformedConversation, "the value cannot be written as JSON: \(error)")
        }
    }

    private var hasOnlyNumbersOfJSON: Bool {
        var rest = [self]
        while let value = rest.popLast() {
            switch value {
            case .number(let number): if !number.isFinite { return false }
            case .array(let elements): rest += elements
            case .object(let members): rest += members.map(\.value)
            default: break
            }
        }
        return true
    }

    package init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .flag(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .number(value)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map(TemplateValue.init))
        case .object(let members): self = .object(members.map { Member($0.key, TemplateValue($0.value)) })
        }
    }

    /// The value of the member `name`, where this is an object that has it.
    public subscript(name: String) -> TemplateValue? {
        get {
            guard case .object(let members) = self else { return nil }
            return members.last { $0.name.isSame(name) }?.value
        }
        set {
            guard case .object(var members) = self else { return }
            let index = members.lastIndex { $0.name.isSame(name) }
            if let newValue {
                if let index { members[index].value = newValue } else { members.append(Member(name, newValue)) }
            } else if let index {
                members.remove(at: index)
            }
            self = .object(members)
        }
    }
}

extension TemplateValue {
    /// The value as a text of JSON, as Python writes it; nil where it nests too deep.
    var jsonText: String? {
        var json = JSONText()
        do {
            try json.write(LLMTemplate.Value(self))
            return json.text
        } catch {
            return nil
        }
    }
}

extension Value {
    /// `value` as the interpreter holds it.
    init(_ value: TemplateValue, depth: Int = 0) throws {
        guard depth < 100 else {
            throw JinjaError("a value that is given nests deeper than 100, the limit", kind: .limit)
        }
        switch value {
        case .null: self = .null
        case .bool(let value): self = .flag(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .float(value)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .list(try Row(elements.map { try Value($0, depth: depth + 1) }))
        case .object(let members):
            var dict: Dict.Members = [:]
            dict.reserveCapacity(members.count)
            for member in members { dict[DictKey(member.name)] = try Value(member.value, depth: depth + 1) }
            self = .dict(try Dict(dict))
        }
    }
}

extension TemplateValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A list.
    public init(arrayLiteral elements: TemplateValue...) { self = .array(elements) }
    /// A dict, its members in the order of the text.
    public init(dictionaryLiteral elements: (String, TemplateValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
}
