import LLMJSON

/// What kind of value a request parameter has, with its forms in JSON and on a command line.
package struct SamplingKind<Value: Sendable & Hashable>: Sendable {
    /// What it is called.
    let name: String
    /// Its JSON schema without the bounds of a range: `"type":"number"`.
    let schema: String
    /// How arguments of a command give it.
    let form: ArgumentForm
    /// What an argument must be.
    let argument: String
    /// An argument, where its form needs to be shown.
    var example: String?
    /// The value of one argument, or of all under ``ArgumentForm/repeated``; nil for what is none.
    let parse: @Sendable (_ arguments: [String]) -> Value?
    /// The value of a JSON text; errors begin with its place.
    let read: @Sendable (JSONValue, _ place: String) throws(SamplingError) -> Value
    let write: @Sendable (Value, inout JSONWriter) -> Void
}

/// How arguments of a command give a value.
package enum ArgumentForm: Sendable, Hashable {
    /// One argument.
    case single
    /// As many arguments as it has elements.
    case repeated
    /// The option alone.
    case flag
}

extension SamplingKind<Bool> {
    package static let flag = SamplingKind(
        name: "flag", schema: ##""type":"boolean""##, form: .flag, argument: "true or false",
        parse: { Bool($0[0]) },
        read: { json, place throws(SamplingError) in try FieldKind.flag.read(json, at: place) },
        write: { $1.value($0) })
}

extension SamplingKind where Value: FixedWidthInteger {
    package static var integer: SamplingKind {
        SamplingKind(
            name: "whole number", schema: ##""type":"integer""##, form: .single, argument: "a whole number",
            parse: { Value($0[0]) },
            read: { json, place throws(SamplingError) in try FieldKind.integer.read(json, at: place) },
            write: { $1.value($0) })
    }
}

extension SamplingKind<Double> {
    package static let number = SamplingKind(
        name: "number", schema: ##""type":"number""##, form: .single, argument: "a number",
        parse: { Double($0[0]) },
        read: { json, place throws(SamplingError) in try FieldKind.number.read(json, at: place) },
        write: { if let whole = Int(exactly: $0) { $1.value(whole) } else { $1.value($0) } })
}

extension SamplingKind<[String]> {
    package static let texts = SamplingKind(
        name: "texts", schema: ##""type":"array","items":{"type":"string","minLength":1}"##, form: .repeated,
        argument: "a text",
        parse: { $0 },
        read: { json, place throws(SamplingError) in
            try SamplingKind.elements(of: json, place) { element, place throws(SamplingError) in
                try FieldKind.text.read(element, at: place)
            }
        },
        write: { texts, json in json.array { json in for text in texts { json.value(text) } } })

    /// The same; the argument `none` alone is no text at all.
    package static let textsOrNone = SamplingKind(
        name: texts.name, schema: texts.schema, form: .repeated, argument: texts.argument,
        parse: { $0 == ["none"] ? [] : $0 }, read: texts.read, write: texts.write)

    /// The same, or one text alone.
    package static let textOrTexts = SamplingKind(
        name: "text or texts", schema: ##""anyOf":[{"type":"string","minLength":1},{\##(texts.schema)}]"##,
        form: .repeated, argument: "a text",
        parse: { $0 },
        read: { json, place throws(SamplingError) in
            if case .string(let text) = json { return [text] }
            return try texts.read(json, place)
        },
        write: texts.write)
}

extension SamplingKind<[TokenID]> {
    package static let tokenIDs = SamplingKind(
        name: "token ids",
        schema: ##""type":"array","items":{"type":"integer","minimum":0,"maximum":\##(TokenID.max)}"##, form: .single,
        argument: "token ids between commas, such as 13,14", example: "13,14",
        parse: { arguments in
            let ids = arguments[0].split(separator: ",", omittingEmptySubsequences: false).map { TokenID($0) }
            return ids.contains(nil) ? nil : ids.compactMap(\.self)
        },
        read: { json, place throws(SamplingError) in
            let kind = FieldKind<TokenID>.tokenID
            return try SamplingKind.elements(of: json, place) { element, place throws(SamplingError) in
                try kind.read(element, at: place)
            }
        },
        write: { ids, json in json.array { json in for id in ids { json.value(id) } } })
}

extension SamplingKind<[TokenID: Double]> {
    /// In JSON an object from token ids, in decimal digits, to numbers.
    package static let biases = SamplingKind(
        name: "numbers by token id", schema: ##""type":"object","additionalProperties":{"type":"number"}"##,
        form: .repeated,
        argument: "a token id, an equals sign and a number, such as 13=-1.5", example: "13=-1.5",
        parse: { arguments in
            var biases: [TokenID: Double] = [:]
            for argument in arguments {
                let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
                guard parts.count == 2, let id = TokenID(parts[0]), let bias = Double(parts[1]) else { return nil }
                // Of one id given twice the last counts.
                biases[id] = bias
            }
            return biases
        },
        read: { json, place throws(SamplingError) in
            guard case .object(let members) = json else {
                throw .wrongType(place, json, "an object from token ids to numbers")
            }
            var biases: [TokenID: Double] = [:]
            for (name, value) in members {
                // "+1" and "01" are numbers too, but would be a second name of an id.
                guard let id = TokenID(name), "\(id)" == name, let bias = value.finiteNumber else {
                    throw SamplingError(
                        .invalidType, field: place,
                        message: "\(place) has the member \(name.quoted) of \(value.kindName); names must be token ids "
                            + "in decimal digits, and values numbers")
                }
                biases[id] = bias
            }
            return biases
        },
        write: { biases, json in
            json.object { json in
                for (id, bias) in biases.sorted(by: { $0.key < $1.key }) { json.member("\(id)", bias) }
            }
        })
}

extension SamplingKind<RepetitionDetection> {
    package static let repetitionDetection = SamplingKind(
        name: "object",
        schema: ##""type":"object","required":["max_pattern_size","min_count"],"additionalProperties":false,"##
            + ##""properties":{"max_pattern_size":{"type":"integer","minimum":1,"maximum":1024},"##
            + ##""min_pattern_size":{"type":"integer","minimum":0},"min_count":{"type":"integer","minimum":2}}"##,
        form: .single,
        argument: "three whole numbers, the shortest pattern, the longest and how often, such as 1,20,4",
        example: "1,20,4",
        parse: { arguments in
            let numbers = arguments[0].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            guard numbers.count == 3, let least = numbers[0], let most = numbers[1], let count = numbers[2] else {
                return nil
            }
            return RepetitionDetection(unchecked: most, least, count)
        },
        read: { json, place throws(SamplingError) in
            guard case .object(let members) = json else { throw .wrongType(place, json, "an object") }
            var fields = JSONFields<SamplingError>(members, path: place)
            guard let most = try fields.integer("max_pattern_size"), let count = try fields.integer("min_count") else {
                throw SamplingError(
                    .invalidType, field: place, message: "\(place) needs max_pattern_size and min_count")
            }
            let least = try fields.integer("min_pattern_size") ?? 0
            try fields.finish()
            return RepetitionDetection(unchecked: most, least, count)
        },
        write: { detection, json in
            json.object { json in
                json.member("max_pattern_size", detection.maxPatternSize)
                json.member("min_pattern_size", detection.minPatternSize)
                json.member("min_count", detection.minCount)
            }
        })
}

extension SamplingKind {
    fileprivate static func elements<Element>(
        of json: JSONValue, _ place: String,
        _ read: (_ element: JSONValue, _ place: String) throws(SamplingError) -> Element
    ) throws(SamplingError) -> [Element] {
        let elements = try FieldKind.array.read(json, at: place)
        var values: [Element] = []
        values.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() { values.append(try read(element, "\(place)[\(index)]")) }
        return values
    }
}

extension FieldKind {
    fileprivate func read(_ value: JSONValue, at place: String) throws(SamplingError) -> Value {
        guard let read = read(value) else { throw .wrongType(place, value, wanted) }
        return read
    }
}

extension SamplingError {
    /// The value at `place` is of another kind than it must be.
    fileprivate static func wrongType(_ place: String, _ value: JSONValue, _ wanted: String) -> SamplingError {
        SamplingError(.invalidType, field: place, message: "\(place) is \(value.kindName); it must be \(wanted)")
    }
}

extension SamplingError: JSONFieldFailure {
    package init(field: String, message: String, code: String) {
        self.init(Code(rawValue: code), field: field, message: message)
    }
}
