/// The value of an argument that is written without JSON's quotes, as JSON.
enum ValueConversion {
    /// - Parameters:
    ///   - kinds: what the tool's schema allows; nil where it does not say.
    ///   - isJSON: whether the format itself says that the value is no text.
    static func json(_ bytes: [UInt8], kinds: Set<ParameterTypes.Kind>?, isJSON: Bool = false) -> [UInt8] {
        let trimmed = trimmed(bytes)
        var candidates = [trimmed]
        if let literal = LiteralScanner.json(of: trimmed) { candidates.append(literal) }
        for candidate in candidates where JSONScanner.isWhole(candidate) {
            guard let kinds, !isJSON else {
                // A text in quotes is a text that has quotes, unless the format says otherwise.
                if candidate.first != UInt8(ascii: "\"") || isJSON { return candidate }
                continue
            }
            if kind(of: candidate).contains(where: kinds.contains) { return candidate }
        }
        return JSONBytes.quoted(bytes)
    }

    /// The kinds as which a value of JSON counts, other than a text: a text in quotes is a text that has quotes.
    private static func kind(of json: [UInt8]) -> [ParameterTypes.Kind] {
        switch json.first.map({ Unicode.Scalar($0) }) {
        case "{": [.object]
        case "[": [.array]
        case "t", "f": [.boolean]
        case "n": [.null]
        case "\"": []
        default:
            json.contains { !$0.isDigit && $0 != UInt8(ascii: "-") } && !isWholeNumber(json)
                ? [.number] : [.integer, .number]
        }
    }

    private static func isWholeNumber(_ json: [UInt8]) -> Bool {
        Double(String(decoding: json, as: UTF8.self)).map { $0 == $0.rounded() } ?? false
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        guard let first = bytes.firstIndex(where: { !$0.isSpace }), let last = bytes.lastIndex(where: { !$0.isSpace })
        else { return [] }
        return Array(bytes[first...last])
    }
}
