/// The ranges of fields that only a request has.
extension SamplingRules {
    static func topNSigma(_ value: Double?) throws(SamplingError) -> Double? {
        guard let value else { return nil }
        guard value == -1 || (value >= 0 && value.isFinite) else {
            throw outOfRange("top_n_sigma", value, "[0, infinity), or -1", "use 0 or -1 to keep every token")
        }
        return value
    }

    static func mirostat(_ value: Int?) throws(SamplingError) -> Int? {
        if value == 1 {
            throw SamplingError(
                .unsupported, field: "mirostat", problem: "version 1 is not supported, the values are 0 and 2",
                remedy: "use 2")
        }
        guard value == nil || value == 0 || value == 2 else {
            throw outOfRange("mirostat", value ?? 0, "{0, 2}", "use 2 for mirostat 2, 0 for none")
        }
        return value
    }

    static func dryBase(_ value: Double?) throws(SamplingError) -> Double? {
        guard let value else { return nil }
        guard value >= 1 && value.isFinite else {
            throw outOfRange("dry_base", value, "[1, infinity)", "1.75 is usual; use dry_multiplier 0 for no DRY")
        }
        return value
    }

    static func truncation(_ value: Int?) throws(SamplingError) -> Int? {
        guard let value else { return nil }
        guard value == -1 || value >= 1 else {
            throw outOfRange(
                "truncate_prompt_tokens", value, "1 or more, or -1", "use -1 to keep what fits, leave it out for none")
        }
        return value
    }

    /// Texts, none of them empty or too long, and not too many.
    static func texts(
        _ texts: [String]?, atMost count: Int, bytes: Int, field: String
    ) throws(SamplingError) -> [String]? {
        guard let texts else { return nil }
        try bound(texts.count, atMost: count, field: field)
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

    /// Token ids without duplicates, in their order.
    static func tokenIDs(_ ids: [TokenID]?, atMost count: Int, field: String) throws(SamplingError) -> [TokenID]? {
        guard let ids else { return nil }
        try bound(ids.count, atMost: count, field: field)
        if let negative = ids.first(where: { $0 < 0 }) {
            throw outOfRange(field, negative, "0 or more", "use ids of the vocabulary")
        }
        var seen: Set<TokenID> = []
        return ids.filter { seen.insert($0).inserted }
    }

    static func allowedTokenIDs(_ ids: [TokenID]?) throws(SamplingError) -> [TokenID]? {
        let field = "allowed_token_ids"
        if ids?.isEmpty == true {
            throw SamplingError(
                .outOfRange, field: field, problem: "the list is empty, the least number is 1",
                remedy: "leave it out to allow every token")
        }
        return try tokenIDs(ids, atMost: SamplingParameters.maxAllowedTokenIDs, field: field)?.sorted()
    }

    /// Biases, each within [-100, 100].
    static func logitBias(_ biases: [TokenID: Double]?) throws(SamplingError) -> [TokenID: Double]? {
        guard let biases else { return nil }
        let field = "logit_bias"
        try bound(biases.count, atMost: SamplingParameters.maxLogitBiases, field: field)
        _ = try tokenIDs(biases.keys.sorted(), atMost: biases.count, field: field)
        if let (id, bias) = biases.first(where: { $0.value.isNaN }) {
            throw SamplingError(
                .outOfRange, field: field, problem: "the bias of \(id), \(bias), is not in the range [-100, 100]",
                remedy: "use 0 for none")
        }
        return biases.mapValues { max(-100, min(100, $0)) }
    }

    private static func bound(_ count: Int, atMost most: Int, field: String) throws(SamplingError) {
        guard count <= most else {
            throw SamplingError(
                .outOfRange, field: field, problem: "\(count) entries are not in the range [0, \(most)]",
                remedy: "send fewer")
        }
    }
}
