import LLMJSON

/// The special tokens around a text: the `post_processor` of a `tokenizer.json`, as far as one text is concerned.
struct PostProcessor: Sendable {
    var prefix: [TokenID] = []
    var suffix: [TokenID] = []

    init() {}

    init(_ value: JSONValue) throws(Damage) {
        let fields = try PartFields(value, "post_processor")
        switch try fields.string("type") {
        case "ByteLevel": break
        case "Sequence":
            for part in try fields.optional("processors", .array) ?? [] {
                let part = try PostProcessor(part)
                prefix = part.prefix + prefix
                suffix += part.suffix
            }
        case "BertProcessing", "RobertaProcessing":
            prefix = [try Self.pair(fields, "cls")]
            suffix = [try Self.pair(fields, "sep")]
        case "TemplateProcessing": try readTemplate(fields)
        case let type: throw Damage("the post_processor \(type.quoted) is not supported", code: .unsupported)
        }
    }

    /// The id of `["[CLS]", 101]`.
    private static func pair(_ fields: PartFields, _ key: String) throws(Damage) -> TokenID {
        guard let pair = try fields.optional(key, .array), pair.count == 2, let id = Self.id(pair[1]) else {
            throw Damage("\(key) of post_processor is no pair of a token and its id")
        }
        return id
    }

    private static func id(_ value: JSONValue) -> TokenID? {
        guard case .integer(let id) = value, 0..<TokenTable.idLimit ~= id else { return nil }
        return TokenID(id)
    }

    private mutating func readTemplate(_ fields: PartFields) throws(Damage) {
        let tokens = try PartFields(fields.field("special_tokens") ?? .object([:]), "special_tokens of post_processor")
        var texts = 0
        for item in try fields.optional("single", .array) ?? [] {
            let item = try PartFields(item, "single of post_processor")
            if item.field("Sequence") != nil {
                texts += 1
                continue
            }
            let token = try PartFields(item.field("SpecialToken") ?? .null, "SpecialToken of post_processor")
            let name = try token.string("id")
            let entry = try PartFields(tokens.field(name) ?? .null, "special token \(name.quoted) of post_processor")
            var ids: [TokenID] = []
            for value in try entry.optional("ids", .array) ?? [] {
                guard let id = Self.id(value) else { throw Damage("ids of \(entry.name) are no token ids") }
                ids.append(id)
            }
            if texts == 0 { prefix += ids } else { suffix += ids }
        }
        guard texts == 1 else { throw Damage("single of post_processor has \(texts) texts, not one") }
    }
}
