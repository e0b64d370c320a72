internal import LLMJSON
internal import OrderedCollections

/// What the keywords of a place say, in the order of the document.
extension SchemaCompiler {
    func read(_ place: Int) throws(SchemaError) -> Formula {
        let schema = document.places[place].value
        guard case .object(let members) = schema else {
            if case .flag(let flag) = schema { return flag ? .always : .never }
            throw SchemaError(
                .invalid, at: pointer, "\(schema.kindName) where a schema is needed: an object, true or false")
        }
        if document.dialect == .draft7, let reference = members["$ref"] {
            return formula(ofPlace: try target(reference, "$ref", place))
        }
        var parts: [Formula] = []
        var hasObjectPart = false
        var hasArrayPart = false
        for (key, value) in members {
            do {
                if SchemaKeyword.ofObjects.contains(key) {
                    if !hasObjectPart { parts.append(formulas.object(try objectShape(members, place))) }
                    hasObjectPart = true
                } else if SchemaKeyword.ofArrays.contains(key) {
                    if !hasArrayPart { parts.append(try arrayFormula(members, place)) }
                    hasArrayPart = true
                } else {
                    parts += try read(key, value, members, place)
                }
            } catch {
                guard options.isLenient, error.code == .unsupported else { throw error }
                note(String(error.pointer.dropFirst()), error.reason)
            }
        }
        let formula = formulas.all(parts)
        return try unevaluated(formula, members, place)
    }

    private func invalid(_ keyword: String, _ value: SchemaValue, _ needed: String) -> SchemaError {
        SchemaError(
            .invalid, at: pointer + "/" + SchemaDocument.escaped(keyword), "\(value.kindName) where \(needed) is needed"
        )
    }

    private func unsupported(_ keyword: String, _ reason: String) -> SchemaError {
        SchemaError(.unsupported, at: pointer + "/" + SchemaDocument.escaped(keyword), reason)
    }

    private func read(
        _ key: ExactText, _ value: SchemaValue, _ members: OrderedDictionary<ExactText, SchemaValue>, _ place: Int
    ) throws(SchemaError) -> [Formula] {
        switch key {
        case "type": return [formulas.formula(.types(try types(value)))]
        case "enum":
            guard let values = value.array else { throw invalid("enum", value, "a list of values") }
            return [formulas.formula(.values(values))]
        case "const": return [formulas.formula(.values([value]))]
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
            return try numbers(key.string, value, members).map { [formulas.formula(.numbers($0))] } ?? []
        case "minLength": return [strings(try texts(minLength: value))]
        case "maxLength": return try texts(maxLength: value).map { [formulas.formula($0)] } ?? []
        case "pattern": return [strings(try pattern(of: value, "/pattern"))]
        case "format": return try format(value)
        case "allOf": return try list("allOf", value, place)
        case "anyOf": return [formulas.any(try list("anyOf", value, place))]
        case "oneOf": return [formulas.formula(.one(try list("oneOf", value, place)))]
        case "not": return [try child(place, ["not"], value).negation]
        case "if":
            let condition = try child(place, ["if"], value)
            let then =
                try members["then"].map { value throws(SchemaError) in try child(place, ["then"], value) } ?? .always
            let otherwise =
                try members["else"].map { value throws(SchemaError) in try child(place, ["else"], value) } ?? .always
            if then == .always && otherwise == .always { return [] }
            return [
                formulas.any([formulas.all([condition, then]), formulas.all([condition.negation, otherwise])])
            ]
        case "then", "else": return []
        case "$ref": return [formula(ofPlace: try target(value, "$ref", place))]
        case "$dynamicRef":
            guard let text = value.text else { throw invalid("$dynamicRef", value, "a reference") }
            return [formula(ofPlace: try document.dynamicTarget(of: text.string, at: place))]
        case "$recursiveRef":
            guard document.dialect == .draft2019 else { return [] }
            return [formula(ofPlace: try document.recursiveTarget(at: place))]
        case "dependentRequired", "dependentSchemas", "dependencies":
            return try dependencies(key.string, value, place)
        case "unevaluatedProperties", "unevaluatedItems": return []
        default:
            if !SchemaKeyword.annotations.contains(key) {
                note(pointer + "/" + SchemaDocument.escaped(key.string), "an unknown keyword, taken as a note")
            }
            return []
        }
    }

    /// The formula of a schema at some steps from a place.
    func child(_ place: Int, _ steps: [String], _ value: SchemaValue) throws(SchemaError) -> Formula {
        switch value {
        case .flag(let flag): return flag ? .always : .never
        case .object: return formula(ofPlace: document.place(under: place, steps, value))
        default:
            throw SchemaError(
                .invalid, at: pointer + steps.map { "/" + SchemaDocument.escaped($0) }.joined(),
                "\(value.kindName) where a schema is needed: an object, true or false")
        }
    }

    private func list(_ keyword: String, _ value: SchemaValue, _ place: Int) throws(SchemaError) -> [Formula] {
        guard let schemas = value.array, !schemas.isEmpty else {
            throw invalid(keyword, value, "a list of one schema or more")
        }
        var formulas: [Formula] = []
        for (index, schema) in schemas.enumerated() {
            formulas.append(try child(place, [keyword, String(index)], schema))
        }
        return formulas
    }

    private func target(_ value: SchemaValue, _ keyword: String, _ place: Int) throws(SchemaError) -> Int {
        guard let text = value.text else { throw invalid(keyword, value, "a reference") }
        return try document.target(of: text.string, at: place, keyword: keyword)
    }

    private func types(_ value: SchemaValue) throws(SchemaError) -> TypeSet {
        var types: TypeSet = []
        for name in value.array ?? [value] {
            guard let type = name.text.flatMap({ TypeSet($0.string) }) else {
                throw invalid("type", name, "one of JSON's types")
            }
            types.formUnion(type)
        }
        return types
    }

    func count(_ keyword: String, _ value: SchemaValue) throws(SchemaError) -> Int {
        guard let number = value.number, number.isInteger, !number.isNegative else {
            throw invalid(keyword, value, "a whole number from 0 on")
        }
        // No document is as long as what is beyond this.
        return min(number.integer ?? Int.max, 1 << 40)
    }

    // MARK: Numbers

    private func numbers(
        _ keyword: String, _ value: SchemaValue, _ members: OrderedDictionary<ExactText, SchemaValue>
    ) throws(SchemaError) -> ValueSet<DecimalNumber>? {
        // In draft 4 the exclusive bounds are flags beside the others.
        if case .flag = value, keyword.hasPrefix("exclusive") { return nil }
        guard let number = value.number else { throw invalid(keyword, value, "a number") }
        switch keyword {
        case "minimum":
            return .regular(NumberLanguage.above(number, orEqual: members["exclusiveMinimum"] != .flag(true)))
        case "exclusiveMinimum": return .regular(NumberLanguage.above(number, orEqual: false))
        case "maximum":
            return .regular(NumberLanguage.below(number, orEqual: members["exclusiveMaximum"] != .flag(true)))
        case "exclusiveMaximum": return .regular(NumberLanguage.below(number, orEqual: false))
        default:
            guard !number.isNegative, !number.isZero else { throw invalid(keyword, value, "a number above 0") }
            if number == DecimalNumber(1) { return .regular(NumberLanguage.integers) }
            guard let multiples = NumberLanguage.multiples(of: number) else {
                throw unsupported(
                    keyword,
                    "\(number) has more digits than remainders are kept of: up to \(DecimalRemainder.limits.divisor) with "
                        + "\(DecimalRemainder.limits.scale) digits after the point")
            }
            return .regular(multiples)
        }
    }

    // MARK: Strings

    private func strings(_ texts: RegexExpression) -> Formula {
        formulas.formula(.strings(inner: .regular(texts), outer: .regular(texts)))
    }

    private func texts(minLength value: SchemaValue) throws(SchemaError) -> RegexExpression {
        let least = try count("minLength", value)
        guard least <= RegexArena.countLimit else {
            throw SchemaError(
                .tooComplex, at: pointer + "/minLength",
                "\(least) characters at least, above the limit of \(RegexArena.countLimit); ask for fewer")
        }
        return .repeated(.characters(.all), min: least, max: nil)
    }

    /// The strings of a length that is counted to; nil where no output is as long as the bound.
    private func texts(maxLength value: SchemaValue) throws(SchemaError) -> FormulaTerm? {
        let most = try count("maxLength", value)
        if most >= 1 << 30 { return nil }
        let inner = RegexExpression.repeated(.characters(.all), min: 0, max: min(most, RegexArena.countLimit))
        return .strings(
            inner: .regular(inner), outer: most > RegexArena.countLimit ? .all : .regular(inner))
    }

    func pattern(of value: SchemaValue, _ place: String) throws(SchemaError) -> RegexExpression {
        guard let text = value.text else {
            throw SchemaError(.invalid, at: pointer + place, "\(value.kindName) where a regular expression is needed")
        }
        do {
            return try ECMAPattern.texts(finding: text.string)
        } catch {
            throw SchemaError(
                error.isMalformed ? .invalid : .unsupported, at: pointer + place,
                "\(error.reason) in \(text.string.quoted)"
                    + (error.isMalformed ? "" : ": it cannot be kept; write the pattern without it"))
        }
    }

    private func format(_ value: SchemaValue) throws(SchemaError) -> [Formula] {
        guard let name = value.text?.string else { throw invalid("format", value, "a name") }
        guard let texts = Formats.texts(name) else {
            note(pointer + "/format", "the format \(name.quoted) is unknown, taken as a note")
            return []
        }
        return [formulas.formula(.strings(inner: .regular(texts.inner), outer: .regular(texts.outer)))]
    }

    // MARK: Objects

    private func objectShape(
        _ members: OrderedDictionary<ExactText, SchemaValue>, _ place: Int
    ) throws(SchemaError) -> ObjectShape {
        var shape = ObjectShape()
        if let value = members["properties"] {
            guard let properties = value.object else { throw invalid("properties", value, "an object of schemas") }
            for (name, schema) in properties {
                shape.properties[name] = try child(place, ["properties", name.string], schema)
            }
        }
        var patterns: [Int] = []
        if let value = members["patternProperties"] {
            guard let schemas = value.object else { throw invalid("patternProperties", value, "an object of schemas") }
            for (text, schema) in schemas {
                let step = "/patternProperties/" + SchemaDocument.escaped(text.string)
                let texts = self.pattern(try pattern(of: .text(text), step))
                patterns.append(texts)
                let formula = try child(place, ["patternProperties", text.string], schema)
                if formula != .always {
                    shape.regions.append(ObjectShape.Region(keys: KeySet(matching: [texts]), formula: formula))
                }
            }
        }
        if let formula = try additional(members, place), formula != .always {
            let keys = KeySet(notMatching: patterns, excluded: Set(shape.properties.keys))
            shape.regions.append(ObjectShape.Region(keys: keys, formula: formula))
        }
        if let value = members["propertyNames"] {
            let names = try child(place, ["propertyNames"], value)
            switch try node(names).strings {
            case .all: break
            case let set:
                let allowed = self.pattern(set.expression)
                shape.regions.append(ObjectShape.Region(keys: KeySet(notMatching: [allowed]), formula: .never))
            }
        }
        if let value = members["required"] { shape.required = try names("required", value) }
        if let value = members["minProperties"] { shape.minCount = try count("minProperties", value) }
        if let value = members["maxProperties"] { shape.maxCount = try count("maxProperties", value) }
        return shape
    }

    private func additional(
        _ members: OrderedDictionary<ExactText, SchemaValue>, _ place: Int
    ) throws(SchemaError) -> Formula? {
        if let value = members["additionalProperties"] { return try child(place, ["additionalProperties"], value) }
        guard options.forbidsAdditionalProperties, members["unevaluatedProperties"] == nil, members["properties"] != nil
        else { return nil }
        return .never
    }

    private func names(_ keyword: String, _ value: SchemaValue) throws(SchemaError) -> OrderedSet<ExactText> {
        guard let list = value.array else { throw invalid(keyword, value, "a list of names") }
        var names: OrderedSet<ExactText> = []
        for item in list {
            guard let name = item.text else { throw invalid(keyword, item, "a name") }
            names.append(name)
        }
        return names
    }

    private func dependencies(_ keyword: String, _ value: SchemaValue, _ place: Int) throws(SchemaError) -> [Formula] {
        guard let entries = value.object else { throw invalid(keyword, value, "an object") }
        var parts: [Formula] = []
        for (name, needed) in entries {
            let absent = formulas.object(ObjectShape(properties: [name: .never]))
            let then: Formula
            if case .array = needed, keyword != "dependentSchemas" {
                then = formulas.object(ObjectShape(required: try names(keyword, needed)))
            } else if keyword == "dependentRequired" {
                throw invalid(keyword, needed, "a list of names")
            } else {
                then = try child(place, [keyword, name.string], needed)
            }
            parts.append(formulas.any([absent, then]))
        }
        return parts
    }

    // MARK: Arrays

    private func arrayFormula(
        _ members: OrderedDictionary<ExactText, SchemaValue>, _ place: Int
    ) throws(SchemaError) -> Formula {
        var shape = ArrayShape()
        var firstKey = "prefixItems"
        var first = members["prefixItems"]
        var rest = members["items"].map { (key: "items", value: $0) }
        if case .array? = members["items"] {
            firstKey = "items"
            first = members["items"]
            rest = members["additionalItems"].map { (key: "additionalItems", value: $0) }
        }
        if let first {
            guard let schemas = first.array else { throw invalid(firstKey, first, "a list of schemas") }
            for (index, schema) in schemas.enumerated() {
                shape.prefix.append(try child(place, [firstKey, String(index)], schema))
            }
        }
        if let rest { shape.rest = try child(place, [rest.key], rest.value) }
        if let value = members["minItems"] { shape.minCount = try count("minItems", value) }
        if let value = members["maxItems"] { shape.maxCount = try count("maxItems", value) }
        if let value = members["uniqueItems"] {
            guard case .flag(let flag) = value else { throw invalid("uniqueItems", value, "true or false") }
            shape.isUnique = flag
        }
        if let value = members["contains"] {
            let formula = try child(place, ["contains"], value)
            let min =
                try members["minContains"].map { value throws(SchemaError) in try count("minContains", value) } ?? 1
            let max = try members["maxContains"].map { value throws(SchemaError) in try count("maxContains", value) }
            if max == 0 && min == 0 {
                return formulas.all([formulas.array(shape), formulas.array(ArrayShape(rest: formula.negation))])
            }
            if min > 0 || max != nil {
                shape.counts.append(ArrayShape.Count(formula: formula, start: 0, min: min, max: max))
            }
        }
        return formulas.array(shape)
    }
}
