/// Which values of a kind a request parameter may have, in a request and in a model's `generation_config.json` alike.
///
/// A comparison with NaN is false, so that each range refuses NaN too.
package struct SamplingRange<Value: Sendable & Hashable>: Sendable {
    /// The range in words or as an interval: `[0, 1]`.
    let text: String
    /// Its members of a JSON schema: `"minimum":0,"maximum":1`.
    let schema: String
    /// The value as it counts, nil for one that counts as unset.
    ///
    /// - Throws: ``SamplingError`` that names the field, the value, the range and the remedy.
    let check: @Sendable (_ value: Value, _ field: String) throws(SamplingError) -> Value?

    /// Every value.
    static var any: SamplingRange { SamplingRange("any", schema: "") { value, _ in value } }

    private init(_ schema: String, _ text: String, _ remedy: String, _ contains: @escaping @Sendable (Value) -> Bool) {
        self.init(text, schema: schema) { value, field throws(SamplingError) in
            guard contains(value) else { throw .outOfRange(field, value, text, remedy) }
            return value
        }
    }

    private init(
        _ text: String, schema: String,
        _ check: @escaping @Sendable (_ value: Value, _ field: String) throws(SamplingError) -> Value?
    ) {
        self.text = text
        self.schema = schema
        self.check = check
    }

    /// The same values, some of which count as others, or as unset.
    func counting(_ normalize: @escaping @Sendable (Value) -> Value?) -> SamplingRange {
        SamplingRange(text, schema: schema) { [check] value, field throws(SamplingError) in
            try check(value, field).flatMap(normalize)
        }
    }
}

extension SamplingRange<Int> {
    static func from(_ least: Int, to most: Int, or remedy: String) -> SamplingRange {
        SamplingRange(##""minimum":\##(least),"maximum":\##(most)"##, "[\(least), \(most)]", remedy) {
            least...most ~= $0
        }
    }

    static func atLeast(_ least: Int, or remedy: String) -> SamplingRange {
        SamplingRange(##""minimum":\##(least)"##, "\(least) or more", remedy) { $0 >= least }
    }
}

extension SamplingRange<Double> {
    static func from(_ least: Int, to most: Int, or remedy: String) -> SamplingRange {
        SamplingRange(##""minimum":\##(least),"maximum":\##(most)"##, "[\(least), \(most)]", remedy) {
            $0 >= Double(least) && $0 <= Double(most)
        }
    }

    static func above(_ bound: Int, to most: Int, or remedy: String) -> SamplingRange {
        SamplingRange(##""exclusiveMinimum":\##(bound),"maximum":\##(most)"##, "(\(bound), \(most)]", remedy) {
            $0 > Double(bound) && $0 <= Double(most)
        }
    }

    static func above(_ bound: Int, or remedy: String) -> SamplingRange {
        SamplingRange(##""exclusiveMinimum":\##(bound)"##, "(\(bound), infinity)", remedy) {
            $0 > Double(bound) && $0.isFinite
        }
    }

    static func atLeast(_ least: Int, or remedy: String) -> SamplingRange {
        SamplingRange(##""minimum":\##(least)"##, "[\(least), infinity)", remedy) {
            $0 >= Double(least) && $0.isFinite
        }
    }

    /// Also -1, which counts as 0.
    static func atLeastZeroOrMinusOne(or remedy: String) -> SamplingRange {
        SamplingRange(##""anyOf":[{"minimum":0},{"const":-1}]"##, "[0, infinity), or -1", remedy) {
            $0 == -1 || ($0 >= 0 && $0.isFinite)
        }
        .counting { max(0, $0) }
    }
}

extension SamplingRange<Int> {
    /// -1, or 1 and more.
    static func atLeastOneOrMinusOne(or remedy: String) -> SamplingRange {
        SamplingRange(##""anyOf":[{"minimum":1},{"const":-1}]"##, "1 or more, or -1", remedy) { $0 == -1 || $0 >= 1 }
    }

    /// The versions of mirostat.
    static var mirostat: SamplingRange {
        SamplingRange("{0, 2}", schema: ##""enum":[0,2]"##) { value, field throws(SamplingError) in
            if value == 1 {
                throw SamplingError(
                    .unsupported, field: field, problem: "version 1 is not supported, the values are 0 and 2",
                    remedy: "use 2")
            }
            guard value == 0 || value == 2 else {
                throw .outOfRange(field, value, "{0, 2}", "use 2 for mirostat 2, 0 for none")
            }
            return value
        }
    }
}

extension SamplingRange<[String]> {
    /// Texts, none of them empty or too long, and not too many.
    static func texts(atMost count: Int, bytes: Int) -> SamplingRange {
        SamplingRange("at most \(count) of 1 to \(bytes) bytes", schema: ##""maxItems":\##(count)"##) {
            texts, field throws(SamplingError) in
            try bound(texts.count, atMost: count, field)
            for (index, text) in texts.enumerated() where !(1...bytes).contains(text.utf8.count) {
                throw SamplingError(
                    .outOfRange, field: field,
                    problem: text.isEmpty
                        ? "the string at index \(index) is empty, the least length is 1"
                        : "the string at index \(index) has \(text.utf8.count) bytes, the range is [1, \(bytes)]",
                    remedy: text.isEmpty ? "remove it" : "shorten it")
            }
            return texts
        }
    }
}

extension SamplingRange<[TokenID]> {
    /// Token ids without duplicates, in their order.
    static func tokenIDs(atMost count: Int) -> SamplingRange {
        SamplingRange("at most \(count)", schema: ##""maxItems":\##(count)"##) { ids, field throws(SamplingError) in
            try distinct(ids, atMost: count, field)
        }
    }

    /// At least one token id, ascending.
    static func someTokenIDs(atMost count: Int) -> SamplingRange {
        SamplingRange("1 to \(count)", schema: ##""minItems":1,"maxItems":\##(count)"##) {
            ids, field throws(SamplingError) in
            guard !ids.isEmpty else {
                throw SamplingError(
                    .outOfRange, field: field, problem: "the list is empty, the least number is 1",
                    remedy: "leave it out to allow every token")
            }
            return try distinct(ids, atMost: count, field).sorted()
        }
    }
}

extension SamplingRange<[TokenID: Double]> {
    /// Biases; one beyond -100 or 100 counts as that.
    static func biases(atMost count: Int) -> SamplingRange {
        SamplingRange("at most \(count), each in [-100, 100]", schema: ##""maxProperties":\##(count)"##) {
            biases, field throws(SamplingError) in
            _ = try distinct(biases.keys.sorted(), atMost: count, field)
            if let (id, bias) = biases.first(where: { $0.value.isNaN }) {
                throw SamplingError(
                    .outOfRange, field: field, problem: "the bias of \(id), \(bias), is not in the range [-100, 100]",
                    remedy: "use 0 for none")
            }
            return biases.mapValues { max(-100, min(100, $0)) }
        }
    }
}

extension SamplingRange<RepetitionDetection> {
    static var repetitionDetection: SamplingRange {
        SamplingRange("patterns of 1 to \(RepetitionDetection.longestPattern), 2 times or more", schema: "") {
            value, _ throws(SamplingError) in
            try RepetitionDetection(
                maxPatternSize: value.maxPatternSize, minPatternSize: value.minPatternSize, minCount: value.minCount)
        }
    }
}

private func distinct(_ ids: [TokenID], atMost count: Int, _ field: String) throws(SamplingError) -> [TokenID] {
    try bound(ids.count, atMost: count, field)
    if let negative = ids.first(where: { $0 < 0 }) {
        throw .outOfRange(field, negative, "0 or more", "use ids of the vocabulary")
    }
    var seen: Set<TokenID> = []
    return ids.filter { seen.insert($0).inserted }
}

private func bound(_ count: Int, atMost most: Int, _ field: String) throws(SamplingError) {
    guard count <= most else {
        throw SamplingError(
            .outOfRange, field: field, problem: "\(count) entries are not in the range [0, \(most)]",
            remedy: "send fewer")
    }
}
