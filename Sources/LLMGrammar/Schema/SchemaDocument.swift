internal import OrderedCollections

/// The text of a schema: its places, by number, and what refers to them.
struct SchemaDocument {
    /// What differs between the versions of the specification.
    enum Dialect {
        /// Up to draft 7: what stands beside `$ref` does not count.
        case draft7
        /// 2019-09: `contains` evaluates no items.
        case draft2019
        case draft2020
    }

    /// A value of the document that is used as a schema.
    struct Place {
        let value: SchemaValue
        let pointer: String
        /// The identifier of the schema resource that it is in.
        let base: ResourceIdentifier
    }

    private(set) var places: [Place] = []
    private(set) var dialect = Dialect.draft2020
    private var numbers: [String: Int] = [:]
    private var resources: [String: Int] = [:]
    private var anchors: [String: Int] = [:]
    private var dynamicAnchors: [String: [Int]] = [:]

    init(_ root: SchemaValue) throws(SchemaError) {
        if let name = root.object?["$schema"]?.text?.string { dialect = try Self.dialect(name) }
        let base = ResourceIdentifier("")
        _ = add(Place(value: root, pointer: "", base: base))
        resources[""] = 0
        if let id = root.object?["id"]?.text?.string, root.object?["$id"] == nil {
            resources[base.resolving(id).resource] = 0
        }
        try index(root, pointer: [], base: base)
        if let id = identifier(of: root) {
            places[0] = Place(value: root, pointer: "", base: base.resolving(id))
        }
    }

    private static func dialect(_ name: String) throws(SchemaError) -> Dialect {
        guard name.contains("json-schema.org/") else {
            throw SchemaError(
                .unsupported, at: "/$schema",
                "the dialect \(name.debugDescription) is unknown; the specification's own are known")
        }
        if ["draft-03", "draft-04", "draft-05", "draft-06", "draft-07"].contains(where: name.contains) {
            return .draft7
        }
        return name.contains("2019-09") ? .draft2019 : .draft2020
    }

    private mutating func add(_ place: Place) -> Int {
        places.append(place)
        numbers[place.pointer] = places.count - 1
        return places.count - 1
    }

    /// The identifier that a schema gives itself, where it is more than an anchor.
    private func identifier(of schema: SchemaValue) -> String? {
        guard let members = schema.object, let id = members["$id"]?.text?.string, !id.hasPrefix("#") else { return nil }
        return dialect == .draft7 && members["$ref"] != nil ? nil : id
    }

    // MARK: Places

    /// The schema at some steps from another.
    mutating func place(under parent: Int, _ steps: [String], _ value: SchemaValue) -> Int {
        let pointer = places[parent].pointer + steps.map { "/" + Self.escaped($0) }.joined()
        if let number = numbers[pointer] { return number }
        let base = places[parent].base
        let own = identifier(of: value).map { base.resolving($0) } ?? base
        return add(Place(value: value, pointer: pointer, base: own))
    }

    static func escaped(_ step: String) -> String {
        guard step.contains(where: { $0 == "~" || $0 == "/" }) else { return step }
        return step.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
            .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }

    /// The schema that `reference` means at a place.
    mutating func target(of reference: String, at place: Int, keyword: String) throws(SchemaError) -> Int {
        let pointer = places[place].pointer + "/" + keyword
        let identifier = places[place].base.resolving(reference)
        let fragment = identifier.fragment.map(Self.decoded) ?? ""
        if !fragment.isEmpty, !fragment.hasPrefix("/") {
            if let number = anchors[identifier.resource + "#" + fragment] { return number }
        }
        guard let resource = resources[identifier.resource] else {
            throw SchemaError(
                .unsupported, at: pointer,
                "\(reference.debugDescription) is in another document, and those are not fetched; put it into $defs")
        }
        guard fragment.isEmpty || fragment.hasPrefix("/") else {
            throw SchemaError(.invalid, at: pointer, "\(reference.debugDescription) names no anchor of the document")
        }
        var current = resource
        var value = places[resource].value
        for step in fragment.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = String(step).replacing("~1", with: "/").replacing("~0", with: "~")
            var next: SchemaValue?
            switch value {
            case .object(let members): next = members[ExactText(name)]
            case .array(let elements): next = Int(name).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            default: break
            }
            guard let next else {
                throw SchemaError(
                    .invalid, at: pointer, "\(reference.debugDescription) points to nothing in the document")
            }
            value = next
            current = self.place(under: current, [name], next)
        }
        return current
    }

    /// The schema that a `$dynamicRef` means, where it is the same whatever the way to it.
    mutating func dynamicTarget(of reference: String, at place: Int) throws(SchemaError) -> Int {
        let target = try target(of: reference, at: place, keyword: "$dynamicRef")
        let fragment = places[place].base.resolving(reference).fragment.map(Self.decoded) ?? ""
        guard let named = dynamicAnchors[fragment], named.contains(target) else { return target }
        guard named.count == 1 else {
            throw SchemaError(
                .unsupported, at: places[place].pointer + "/$dynamicRef",
                "\(reference.debugDescription) has \(named.count) targets, chosen by the way to it; name one with $ref")
        }
        return target
    }

    /// The schema that a `$recursiveRef` means, where it is the same whatever the way to it.
    mutating func recursiveTarget(at place: Int) throws(SchemaError) -> Int {
        let target = try target(of: "#", at: place, keyword: "$recursiveRef")
        if places[target].value.object?["$recursiveAnchor"] == .flag(true), resources.count > 2 {
            throw SchemaError(
                .unsupported, at: places[place].pointer + "/$recursiveRef",
                "its target is chosen by the way to it, among several schemas with $id; name one with $ref")
        }
        return target
    }

    private static func decoded(_ fragment: Substring) -> String {
        guard fragment.contains("%") else { return String(fragment) }
        var bytes: [UInt8] = []
        var rest = fragment.utf8[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: "%"),
                let code = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Identifiers and anchors

    /// Finds what schemas within `schema` are called. The depth of the document bounds the recursion.
    private mutating func index(_ schema: SchemaValue, pointer: [String], base: ResourceIdentifier) throws(SchemaError)
    {
        guard case .object(let members) = schema else { return }
        var base = base
        var number: Int?
        func pointerText() -> String { pointer.map { "/" + Self.escaped($0) }.joined() }
        func place(_ document: inout SchemaDocument, _ base: ResourceIdentifier) -> Int {
            if let number { return number }
            let text = pointerText()
            let found = document.numbers[text] ?? document.add(Place(value: schema, pointer: text, base: base))
            number = found
            return found
        }
        func claim(_ names: inout [String: Int], _ name: String, _ number: Int) throws(SchemaError) {
            if let other = names.updateValue(number, forKey: name), other != number {
                throw SchemaError(
                    .invalid, at: pointerText(), "\(name.debugDescription) is the name of another schema too")
            }
        }
        if let id = identifier(of: schema) {
            base = base.resolving(id)
            let number = place(&self, base)
            try claim(&resources, base.resource, number)
        }
        if let id = members["$id"]?.text?.string, id.hasPrefix("#"), id.count > 1 {
            let number = place(&self, base)
            try claim(&anchors, base.resource + id, number)
        }
        for keyword in ["$anchor", "$dynamicAnchor"] as [ExactText] {
            guard let name = members[keyword]?.text?.string else { continue }
            let number = place(&self, base)
            try claim(&anchors, base.resource + "#" + name, number)
            if keyword == "$dynamicAnchor" { dynamicAnchors[name, default: []].append(number) }
        }
        for (key, value) in members {
            guard let kind = SchemaKeyword.subschemas[key] else { continue }
            let name = key.string
            switch (kind, value) {
            case (.one, _), (.oneOrMany, .object): try index(value, pointer: pointer + [name], base: base)
            case (.many, .array(let schemas)), (.oneOrMany, .array(let schemas)):
                for (position, schema) in schemas.enumerated() {
                    try index(schema, pointer: pointer + [name, String(position)], base: base)
                }
            case (.named, .object(let schemas)):
                for (key, schema) in schemas {
                    try index(schema, pointer: pointer + [name, key.string], base: base)
                }
            default: break
            }
        }
    }
}
