import LLMJSON
import OrderedCollections

/// The members of a JSON object that describes one part of a tokenizer.
struct PartFields: NamedFields {
    private let members: OrderedDictionary<String, JSONValue>
    /// What errors call the object.
    let name: String

    init(_ value: JSONValue, _ name: String) throws(Damage) {
        guard case .object(let members) = value else { throw Damage("\(name) is no object") }
        self.members = members
        self.name = name
    }

    var keys: OrderedSet<String> { members.keys }

    func field(_ key: String) -> JSONValue? {
        if case .null? = members[key] { return nil }
        return members[key]
    }

    func invalid(_ key: String, _ wanted: String) -> Damage { Damage("\(key) of \(name) is not \(wanted)") }
    func missing(_ key: String) -> Damage { Damage("\(name) has no \(key)") }

    /// One of the names that `choices` tells apart.
    func choice<Choice>(_ key: String, _ choices: [String: Choice]) throws(Damage) -> Choice? {
        guard let name = try optional(key, .text) else { return nil }
        guard let choice = choices[name] else {
            throw Damage("\(self.name) has the \(key) \(name.quoted), which is not known", code: .unsupported)
        }
        return choice
    }
}
