internal import OrderedCollections

/// What OpenAI's `strict: true` asks of a schema beside JSON Schema, as a check of its own: a schema that breaks these rules
/// is kept all the same. Keywords and formats that OpenAI does not take are no fault here: what cannot be kept is refused
/// when the schema is compiled.
package struct StrictRules {
    /// The limits of a strict schema: properties, levels of objects and arrays, characters of all names and constants, values
    /// of enums, and characters of an enum of strings with more values than `longEnum`.
    package static let limits = (
        properties: 5_000, depth: 10, characters: 120_000, enumValues: 1_000, longEnum: 250, enumCharacters: 15_000
    )

    private var violations: [SchemaNote] = []
    private var properties = 0
    private var characters = 0
    private var enumValues = 0

    /// What a schema breaks, in the order of its text; none where it is strict.
    package static func violations(_ bytes: [UInt8]) throws(SchemaError) -> [SchemaNote] {
        guard bytes.count <= JSONSchema.byteLimit else {
            throw SchemaError(
                .tooComplex, at: "", "it has \(bytes.count) bytes, above the limit of \(JSONSchema.byteLimit)")
        }
        let schema = try SchemaValue(bytes, part: "the JSON schema")
        var rules = StrictRules()
        if schema.object?["type"] != .text("object") {
            rules.violate("", "the root is no object: give it \"type\": \"object\"")
        }
        if schema.object?["anyOf"] != nil { rules.violate("", "the root has anyOf: put it into a property") }
        rules.check(schema, "", depth: 0)
        rules.checkTotal(rules.properties, limits.properties, "properties")
        rules.checkTotal(rules.characters, limits.characters, "characters of names, enums and constants")
        rules.checkTotal(rules.enumValues, limits.enumValues, "values of enums")
        return rules.violations
    }

    private mutating func violate(_ pointer: String, _ reason: String) {
        violations.append(SchemaNote(at: pointer, reason))
    }

    private mutating func checkTotal(_ count: Int, _ limit: Int, _ what: String) {
        if count > limit { violate("", "\(count) \(what), above the limit of \(limit)") }
    }

    /// The depth of the document bounds the recursion.
    private mutating func check(_ schema: SchemaValue, _ pointer: String, depth: Int) {
        guard let members = schema.object else { return }
        if depth == Self.limits.depth + 1 {
            violate(pointer, "objects and arrays deeper than \(Self.limits.depth) levels")
        }
        checkObject(members, pointer)
        count(members, pointer)
        for (key, value) in members {
            guard let kind = SchemaKeyword.subschemas[key] else { continue }
            let step = pointer + "/" + SchemaDocument.escaped(key.string)
            switch (kind, value) {
            case (.one, _), (.oneOrMany, .object): check(value, step, depth: depth + 1)
            case (.many, .array(let schemas)), (.oneOrMany, .array(let schemas)):
                let inner = key == "prefixItems" || key == "items" ? depth + 1 : depth
                for (index, schema) in schemas.enumerated() { check(schema, "\(step)/\(index)", depth: inner) }
            case (.named, .object(let schemas)):
                let inner = key == "properties" || key == "patternProperties" ? depth + 1 : 0
                for (name, schema) in schemas {
                    check(schema, step + "/" + SchemaDocument.escaped(name.string), depth: inner)
                }
            default: continue
            }
        }
    }

    private mutating func checkObject(_ members: OrderedDictionary<ExactText, SchemaValue>, _ pointer: String) {
        let names = members["properties"]?.object?.keys ?? []
        var isObject = !names.isEmpty
        switch members["type"] {
        case .text("object")?: isObject = true
        case .array(let types)?: isObject = isObject || types.contains(.text("object"))
        default: break
        }
        guard isObject else { return }
        if members["additionalProperties"] != .flag(false) { violate(pointer, "additionalProperties is not false") }
        let required = Set(members["required"]?.array ?? [])
        for name in names where !required.contains(.text(name)) {
            violate(
                pointer + "/properties/" + SchemaDocument.escaped(name.string),
                "the property is not required: list it, and let it be null where it may be left out")
        }
    }

    private mutating func count(_ members: OrderedDictionary<ExactText, SchemaValue>, _ pointer: String) {
        for keyword in ["properties", "$defs", "definitions"] as [ExactText] {
            for name in members[keyword]?.object?.keys ?? [] {
                characters += name.string.unicodeScalars.count
                if keyword == "properties" { properties += 1 }
            }
        }
        if case .text(let text)? = members["const"] { characters += text.string.unicodeScalars.count }
        guard let values = members["enum"]?.array else { return }
        enumValues += values.count
        let inEnum = values.reduce(0) { $0 + ($1.text?.string.unicodeScalars.count ?? 0) }
        characters += inEnum
        if values.count > Self.limits.longEnum, inEnum > Self.limits.enumCharacters {
            violate(
                pointer + "/enum",
                "\(inEnum) characters in \(values.count) values, above the limit of \(Self.limits.enumCharacters)")
        }
    }
}
