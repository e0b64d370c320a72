import LLMJSON

/// The types that a tool's schema allows each parameter, for formats that write texts without quotes.
struct ParameterTypes: Sendable {
    /// A type of JSON.
    enum Kind: String, Sendable, CaseIterable {
        case string, integer, number, boolean, null, array, object
    }

    private var types: [String: Set<Kind>] = [:]

    init(schema: JSONValue) {
        guard case .object(let members) = schema, case .object(let properties)? = members["properties"] else { return }
        for (name, property) in properties {
            var steps = 0
            types[name] = ParameterTypes.kinds(of: property, root: schema, depth: 0, steps: &steps)
        }
    }

    /// The types of a parameter; nil where the schema does not say.
    func kinds(of name: String) -> Set<Kind>? { types[name] }

    private enum Limits {
        static let depth = 32
        static let steps = 1000
    }

    static func kinds(of schema: JSONValue, root: JSONValue, depth: Int, steps: inout Int) -> Set<Kind>? {
        steps += 1
        guard depth < Limits.depth, steps < Limits.steps, case .object(let members) = schema else { return nil }
        var found: Set<Kind>?
        func narrow(_ kinds: Set<Kind>?) {
            guard let kinds else { return }
            found = found?.intersection(kinds) ?? kinds
        }
        switch members["type"] {
        case .string(let name)?: narrow(Kind(rawValue: name).map { [$0] })
        case .array(let names)?:
            narrow(Set(names.compactMap { if case .string(let name) = $0 { Kind(rawValue: name) } else { nil } }))
        default: break
        }
        if case .array(let values)? = members["enum"] { narrow(Set(values.map(kind))) }
        if let value = members["const"] { narrow([kind(of: value)]) }
        for key in ["anyOf", "oneOf"] {
            guard case .array(let branches)? = members[key] else { continue }
            var union: Set<Kind>? = []
            for branch in branches {
                let kinds = kinds(of: branch, root: root, depth: depth + 1, steps: &steps)
                union = kinds.flatMap { union?.union($0) }
            }
            narrow(union)
        }
        if case .array(let branches)? = members["allOf"] {
            for branch in branches { narrow(kinds(of: branch, root: root, depth: depth + 1, steps: &steps)) }
        }
        if case .string(let reference)? = members["$ref"], let target = resolve(reference, in: root) {
            narrow(kinds(of: target, root: root, depth: depth + 1, steps: &steps))
        }
        if case .flag(true)? = members["nullable"] { found?.insert(.null) }
        return found
    }

    private static func kind(of value: JSONValue) -> Kind {
        switch value {
        case .null: .null
        case .flag: .boolean
        case .integer: .integer
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    /// What a reference within the schema, `#/$defs/place`, names.
    private static func resolve(_ reference: String, in root: JSONValue) -> JSONValue? {
        guard reference.hasPrefix("#") else { return nil }
        return reference.dropFirst().split(separator: "/").reduce(root as JSONValue?) { value, name in
            guard case .object(let members)? = value else { return nil }
            let unescaped = name.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
            return members[unescaped.split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~")]
        }
    }
}
