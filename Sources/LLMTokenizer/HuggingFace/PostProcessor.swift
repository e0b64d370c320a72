import LLMJSON

/// The special tokens around a text, and around two that go together: the `post_processor` of a `tokenizer.json`.
struct PostProcessor: Sendable {
    /// A part of a pair: tokens between the texts, or one of them.
    enum PairPart: Sendable {
        case tokens([TokenID], type: Int32)
        case first(type: Int32)
        case second(type: Int32)
    }

    var prefix: [TokenID] = []
    var suffix: [TokenID] = []
    /// The parts of a pair in order, each with the type of its tokens; nil where they make no pair, or several steps
    /// do.
    private(set) var pair: [PairPart]?
    private var changesPair = false

    /// Adds nothing, and makes no pairs.
    init() {}

    /// Adds nothing: a pair is one text and then the other.
    static let plain = {
        var plain = PostProcessor()
        plain.pair = [.first(type: 0), .second(type: 1)]
        return plain
    }()

    init(_ value: JSONValue) throws(Damage) {
        self = .plain
        let fields = try PartFields(value, "post_processor")
        switch try fields.string("type") {
        case "ByteLevel": break
        case "Sequence":
            for part in try fields.optional("processors", .array) ?? [] {
                let part = try PostProcessor(part)
                prefix = part.prefix + prefix
                suffix += part.suffix
                guard part.changesPair else { continue }
                pair = changesPair ? nil : part.pair
                changesPair = true
            }
        case "BertProcessing":
            try readEnds(fields)
            setPair([
                .tokens(prefix, type: 0), .first(type: 0), .tokens(suffix, type: 0), .second(type: 1),
                .tokens(suffix, type: 1),
            ])
        case "RobertaProcessing":
            try readEnds(fields)
            setPair([
                .tokens(prefix, type: 0), .first(type: 0), .tokens(suffix + suffix, type: 0),
                .second(type: 0), .tokens(suffix, type: 0),
            ])
        case "TemplateProcessing": try readTemplate(fields)
        case let type: throw Damage("the post_processor \(type.quoted) is not supported", code: .unsupported)
        }
    }

    private mutating func setPair(_ parts: [PairPart]?) {
        pair = parts
        changesPair = true
    }

    private mutating func readEnds(_ fields: PartFields) throws(Damage) {
        prefix = [try Self.end(fields, "cls")]
        suffix = [try Self.end(fields, "sep")]
    }

    /// The id of `["[CLS]", 101]`.
    private static func end(_ fields: PartFields, _ key: String) throws(Damage) -> TokenID {
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
        var texts = 0
        for part in try template(fields, "single") {
            switch part {
            case .tokens(let ids, _): if texts == 0 { prefix += ids } else { suffix += ids }
            case .first, .second: texts += 1
            }
        }
        guard texts == 1 else { throw Damage("single of post_processor has \(texts) texts, not one") }
        // What is wrong with a pair matters only to who asks for one.
        if fields.field("pair") != nil { setPair(try? template(fields, "pair")) }
    }

    /// The parts of a template.
    private func template(_ fields: PartFields, _ key: String) throws(Damage) -> [PairPart] {
        let name = "\(key) of post_processor"
        let tokens = try PartFields(fields.field("special_tokens") ?? .object([:]), "special_tokens of post_processor")
        var parts: [PairPart] = []
        for item in try fields.optional(key, .array) ?? [] {
            let item = try PartFields(item, name)
            if let sequence = item.field("Sequence") {
                let sequence = try PartFields(sequence, "Sequence of \(name)")
                let type = try Self.type(sequence)
                let isSecond = try sequence.choice("id", ["A": false, "B": true]) ?? false
                parts.append(isSecond ? .second(type: type) : .first(type: type))
                continue
            }
            let token = try PartFields(item.field("SpecialToken") ?? .null, "SpecialToken of \(name)")
            let spelling = try token.string("id")
            let entry = try PartFields(
                tokens.field(spelling) ?? .null, "special token \(spelling.quoted) of post_processor")
            var ids: [TokenID] = []
            for value in try entry.optional("ids", .array) ?? [] {
                guard let id = Self.id(value) else { throw Damage("ids of \(entry.name) are no token ids") }
                ids.append(id)
            }
            parts.append(.tokens(ids, type: try Self.type(token)))
        }
        return parts
    }

    private static func type(_ fields: PartFields) throws(Damage) -> Int32 {
        Int32(try fields.integer("type_id", in: 0...Int(Int32.max), default: 0))
    }
}
