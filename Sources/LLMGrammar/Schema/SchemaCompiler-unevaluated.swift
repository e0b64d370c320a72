internal import OrderedCollections

/// What a schema's keywords evaluate, where the document decides which do: a case for each way in which the schema can be
/// valid. The cases exclude each other and together are the schema.
private struct EvaluatedCase {
    var formulas: [Formula]
    var evaluated = Evaluated()
}

/// The members and elements that have been evaluated.
private struct Evaluated: Hashable {
    var names: Set<ExactText> = []
    var patterns: Set<Int> = []
    var hasAllMembers = false
    var prefixCount = 0
    var hasAllElements = false
    /// Elements that are so are evaluated, wherever they stand.
    var elements: Set<Formula> = []

    mutating func formUnion(_ other: Evaluated) {
        names.formUnion(other.names)
        patterns.formUnion(other.patterns)
        hasAllMembers = hasAllMembers || other.hasAllMembers
        prefixCount = max(prefixCount, other.prefixCount)
        hasAllElements = hasAllElements || other.hasAllElements
        elements.formUnion(other.elements)
    }
}

extension SchemaCompiler {
    /// What `unevaluatedProperties` and `unevaluatedItems` say beside the other keywords, which are `formula`.
    func unevaluated(
        _ formula: Formula, _ members: OrderedDictionary<ExactText, SchemaValue>, _ place: Int
    ) throws(SchemaError) -> Formula {
        let properties = members["unevaluatedProperties"]
        let items = members["unevaluatedItems"]
        guard properties != nil || items != nil else { return formula }
        let propertiesFormula = try properties.map { value throws(SchemaError) in
            try child(place, ["unevaluatedProperties"], value)
        }
        let itemsFormula = try items.map { value throws(SchemaError) in try child(place, ["unevaluatedItems"], value) }
        var ways: [Formula] = []
        for way in try cases(members, place, depth: 0) {
            var parts = [formula] + way.formulas
            let evaluated = way.evaluated
            if let then = propertiesFormula, then != .always, !evaluated.hasAllMembers {
                let keys = KeySet(notMatching: evaluated.patterns.sorted(), excluded: evaluated.names)
                parts.append(formulas.object(ObjectShape(regions: [ObjectShape.Region(keys: keys, formula: then)])))
            }
            if let then = itemsFormula, then != .always, !evaluated.hasAllElements {
                let prefix = Array(repeating: Formula.always, count: evaluated.prefixCount)
                let others = formulas.any(evaluated.elements.sorted { $0.index < $1.index } + [then])
                parts.append(formulas.array(ArrayShape(prefix: prefix, rest: others)))
            }
            ways.append(formulas.all(parts))
        }
        return formulas.any(ways)
    }

    /// The cases of the schema at a place, with its own `unevaluated…` too.
    private func cases(ofPlace place: Int, depth: Int) throws(SchemaError) -> [EvaluatedCase] {
        guard depth < 32 else {
            throw SchemaError(
                .unsupported, at: pointer,
                "unevaluatedProperties or unevaluatedItems over a schema that refers to itself")
        }
        guard case .object(let members) = document.places[place].value else {
            return [EvaluatedCase(formulas: [formula(ofPlace: place)])]
        }
        var cases = try cases(members, place, depth: depth)
        for index in cases.indices {
            cases[index].formulas.append(formula(ofPlace: place))
            if members["unevaluatedProperties"] != nil { cases[index].evaluated.hasAllMembers = true }
            if members["unevaluatedItems"] != nil { cases[index].evaluated.hasAllElements = true }
        }
        let first = cases[0].evaluated
        guard cases.contains(where: { $0.evaluated != first }) else {
            return [EvaluatedCase(formulas: [formula(ofPlace: place)], evaluated: first)]
        }
        return cases
    }

    /// The cases of the keywords at a place. Each has what tells it from the others; that the schema is valid at all is
    /// said elsewhere.
    private func cases(
        _ members: OrderedDictionary<ExactText, SchemaValue>, _ place: Int, depth: Int
    ) throws(SchemaError) -> [EvaluatedCase] {
        var cases = [EvaluatedCase(formulas: [], evaluated: try evaluatedByItself(members, place))]
        func combine(_ others: [EvaluatedCase]) throws(SchemaError) {
            guard cases.count * others.count <= Self.limits.cases else {
                throw tooComplex(
                    "what is unevaluated depends on more than \(Self.limits.cases) combinations of valid subschemas")
            }
            cases = cases.flatMap { first in
                others.map { second in
                    var both = EvaluatedCase(formulas: first.formulas + second.formulas, evaluated: first.evaluated)
                    both.evaluated.formUnion(second.evaluated)
                    return both
                }
            }
        }
        /// Each subschema valid or not; those that evaluate nothing need not be told apart.
        func optional(_ keyword: String, _ value: SchemaValue, _ steps: [String]) throws(SchemaError) {
            guard case .object = value else { return }
            let child = document.place(under: place, steps, value)
            let valid = try self.cases(ofPlace: child, depth: depth + 1)
            guard valid.count > 1 || valid[0].evaluated != Evaluated() else { return }
            try combine(valid + [EvaluatedCase(formulas: [formula(ofPlace: child).negation])])
        }
        for (key, value) in members {
            switch key {
            case "allOf":
                for (index, schema) in (value.array ?? []).enumerated() {
                    let child = document.place(under: place, ["allOf", String(index)], schema)
                    try combine(try self.cases(ofPlace: child, depth: depth + 1))
                }
            case "anyOf", "oneOf":
                for (index, schema) in (value.array ?? []).enumerated() {
                    try optional(key.string, schema, [key.string, String(index)])
                }
            case "$ref":
                guard let text = value.text else { continue }
                let target = try document.target(of: text.string, at: place, keyword: "$ref")
                try combine(try self.cases(ofPlace: target, depth: depth + 1))
            case "$dynamicRef":
                guard let text = value.text else { continue }
                let target = try document.dynamicTarget(of: text.string, at: place)
                try combine(try self.cases(ofPlace: target, depth: depth + 1))
            case "$recursiveRef":
                guard document.dialect == .draft2019 else { continue }
                try combine(try self.cases(ofPlace: try document.recursiveTarget(at: place), depth: depth + 1))
            case "if":
                let condition = document.place(under: place, ["if"], value)
                var valid = try self.cases(ofPlace: condition, depth: depth + 1)
                var invalid = [EvaluatedCase(formulas: [formula(ofPlace: condition).negation])]
                for (keyword, isThen) in [("then", true), ("else", false)] {
                    guard let branch = members[ExactText(keyword)] else { continue }
                    let place = document.place(under: place, [keyword], branch)
                    let outcomes = try self.cases(ofPlace: place, depth: depth + 1)
                    let combined = (isThen ? valid : invalid).flatMap { first in
                        outcomes.map { second in
                            var both = EvaluatedCase(
                                formulas: first.formulas + second.formulas, evaluated: first.evaluated)
                            both.evaluated.formUnion(second.evaluated)
                            return both
                        }
                    }
                    if isThen { valid = combined } else { invalid = combined }
                }
                try combine(valid + invalid)
            case "dependentSchemas":
                for (name, schema) in value.object ?? [:] {
                    let child = document.place(under: place, ["dependentSchemas", name.string], schema)
                    let valid = try self.cases(ofPlace: child, depth: depth + 1)
                    guard valid.count > 1 || valid[0].evaluated != Evaluated() else { continue }
                    let absent = formulas.all([
                        formulas.formula(.types(.object)), formulas.object(ObjectShape(required: [name])),
                    ]).negation
                    let present = absent.negation
                    try combine(
                        valid.map { EvaluatedCase(formulas: [present] + $0.formulas, evaluated: $0.evaluated) }
                            + [EvaluatedCase(formulas: [absent])])
                }
            default: continue
            }
        }
        return cases
    }

    /// What the keywords evaluate that have no subschemas for the value itself.
    private func evaluatedByItself(
        _ members: OrderedDictionary<ExactText, SchemaValue>, _ place: Int
    ) throws(SchemaError) -> Evaluated {
        var evaluated = Evaluated()
        evaluated.names = Set((members["properties"]?.object ?? [:]).keys)
        for text in (members["patternProperties"]?.object ?? [:]).keys {
            evaluated.patterns.insert(
                pattern(try pattern(of: .text(text), "/patternProperties/" + SchemaDocument.escaped(text.string))))
        }
        if members["additionalProperties"] != nil { evaluated.hasAllMembers = true }
        switch members["items"] {
        case .array(let schemas)?:
            evaluated.prefixCount = schemas.count
            if members["additionalItems"] != nil { evaluated.hasAllElements = true }
        case nil: evaluated.prefixCount = members["prefixItems"]?.array?.count ?? 0
        default: evaluated.hasAllElements = true
        }
        if let value = members["contains"], document.dialect == .draft2020 {
            evaluated.elements.insert(try child(place, ["contains"], value))
        }
        return evaluated
    }
}
