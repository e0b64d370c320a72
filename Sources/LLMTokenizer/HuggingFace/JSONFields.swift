import LLMJSON
import OrderedCollections

/// The members of a JSON object that describes one part of a tokenizer, asked for by name and type.
struct JSONFields {
    private let members: OrderedDictionary<String, JSONValue>
    /// What errors call the object.
    let name: String

    init(_ value: JSONValue, _ name: String) throws(Damage) {
        guard case .object(let members) = value else { throw Damage("\(name) is no object") }
        self.members = members
        self.name = name
    }

    /// The member, nil where there is none or `null`.
    subscript(_ key: String) -> JSONValue? {
        if case .null? = members[key] { return nil }
        return members[key]
    }

    var keys: OrderedSet<String> { members.keys }

    func string(_ key: String) throws(Damage) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let string) = value else { throw wrong(key, "a string") }
        return string
    }

    func requiredString(_ key: String) throws(Damage) -> String {
        guard let string = try string(key) else { throw Damage("\(name) has no \(key)") }
        return string
    }

    func flag(_ key: String) throws(Damage) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .flag(let flag) = value else { throw wrong(key, "true or false") }
        return flag
    }

    /// A whole number from 0 to `limit`.
    func count(_ key: String, limit: Int) throws(Damage) -> Int? {
        guard let value = self[key] else { return nil }
        guard case .integer(let count) = value, 0...limit ~= count else {
            throw wrong(key, "a whole number from 0 to \(limit)")
        }
        return count
    }

    func array(_ key: String) throws(Damage) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard case .array(let array) = value else { throw wrong(key, "an array") }
        return array
    }

    /// One of the names that `choices` tells apart.
    func choice<Choice>(_ key: String, _ choices: [String: Choice]) throws(Damage) -> Choice? {
        guard let name = try string(key) else { return nil }
        guard let choice = choices[name] else {
            throw Damage("\(self.name) has the \(key) \(name.quoted), which is not known", code: .unsupported)
        }
        return choice
    }

    /// The one scalar that a string consists of.
    func scalar(_ key: String) throws(Damage) -> Unicode.Scalar? {
        guard let string = try string(key) else { return nil }
        guard let scalar = string.unicodeScalars.first, string.unicodeScalars.count == 1 else {
            throw wrong(key, "one character")
        }
        return scalar
    }

    private func wrong(_ key: String, _ needed: String) -> Damage { Damage("\(key) of \(name) is not \(needed)") }
}
