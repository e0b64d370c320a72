import LLMJSON

/// How a text is cut into pre-tokens: the `pre_tokenizer` of a `tokenizer.json`.
indirect enum PreTokenizer: Sendable {
    case sequence([PreTokenizer])
    case byteLevel(addsPrefixSpace: Bool, splits: Bool)
    case split(SplitPattern, SplitBehavior, isInverted: Bool)
    case metaspace(Metaspace)
    /// Several splits in a row.
    case splits([(SplitPattern, SplitBehavior)])

    /// GPT-2's pattern.
    static let gpt2Pattern =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    init(_ value: JSONValue) throws(Damage) {
        let fields = try PartFields(value, "pre_tokenizer")
        let space = SplitPattern.set(UnicodeSets.space)
        switch try fields.string("type") {
        case "Sequence":
            var parts: [PreTokenizer] = []
            for part in try fields.optional("pretokenizers", .array) ?? [] { parts.append(try PreTokenizer(part)) }
            self = .sequence(parts)
        case "ByteLevel":
            self = .byteLevel(
                addsPrefixSpace: try fields.flag("add_prefix_space", default: true),
                splits: try fields.flag("use_regex", default: true))
        case "Split":
            guard let behavior = try fields.choice("behavior", SplitBehavior.names) else {
                throw Damage("Split has no behavior")
            }
            self = .split(
                try SplitPattern(PartFields(fields.field("pattern") ?? .null, "pattern of Split")), behavior,
                isInverted: try fields.flag("invert", default: false))
        case "Digits":
            let isolates = try fields.flag("individual_digits", default: false)
            self = .split(.set(CharacterClasses.number), isolates ? .isolated : .contiguous, isInverted: false)
        case "Punctuation":
            self = .split(
                .set(CharacterClasses.punctuation), try fields.choice("behavior", SplitBehavior.names) ?? .isolated,
                isInverted: false)
        case "Whitespace":
            // `\w+|[^\w\s]+`, of which the matches are kept.
            self = .splits([
                (space, .removed), (.set(CharacterClasses.word), .contiguous),
            ])
        case "WhitespaceSplit": self = .split(space, .removed, isInverted: false)
        case "BertPreTokenizer":
            self = .splits([(space, .removed), (.set(CharacterClasses.punctuation), .isolated)])
        case "CharDelimiterSplit":
            guard let delimiter = try fields.optional("delimiter", .scalar) else {
                throw Damage("CharDelimiterSplit has no delimiter")
            }
            self = .split(.set(ScalarSet(delimiter)), .removed, isInverted: false)
        case "Metaspace": self = .metaspace(try Metaspace(fields))
        case let type: throw Damage("the pre_tokenizer \(type.quoted) is not supported", code: .unsupported)
        }
    }

    /// Whether the last step spells bytes as visible characters.
    var endsWithByteLevel: Bool {
        switch self {
        case .sequence(let parts): parts.last?.endsWithByteLevel ?? false
        case .byteLevel: true
        default: false
        }
    }

    /// Cuts and rewrites `tokens`.
    ///
    /// - Parameter spellsBytes: whether a last `ByteLevel` spells bytes; otherwise they stay as they are.
    func apply(to tokens: inout PreTokens, spellsBytes: Bool) throws(Damage) {
        switch self {
        case .sequence(let parts):
            for (index, part) in parts.enumerated() {
                try part.apply(to: &tokens, spellsBytes: spellsBytes || index < parts.count - 1)
            }
        case .split(let pattern, let behavior, let isInverted):
            try tokens.split(by: pattern, behavior, isInverted: isInverted)
        case .splits(let steps):
            for (pattern, behavior) in steps { try tokens.split(by: pattern, behavior, isInverted: false) }
        case .metaspace(let metaspace): try metaspace.apply(to: &tokens)
        case .byteLevel(let addsPrefixSpace, let splits):
            if addsPrefixSpace {
                try tokens.rewrite { piece, _, output in
                    if piece.first != 0x20 { output.append(0x20) }
                    output += piece
                }
            }
            if splits { try tokens.split(by: .regex(try Self.gpt2.get()), .isolated, isInverted: false) }
            if spellsBytes {
                try tokens.rewrite { piece, _, output in
                    for byte in piece { output += ByteLevelAlphabet.spellings[Int(byte)] }
                }
            }
        }
    }

    private static let gpt2 = Result { () throws(Damage) in try RegexPattern(gpt2Pattern) }
}

/// Spaces become a visible character, and words begin with it: the way of SentencePiece.
struct Metaspace: Sendable {
    /// Where the character is put in front.
    enum PrependScheme: Sendable {
        case always, first, never
    }

    let replacement: Unicode.Scalar
    let prependScheme: PrependScheme
    private let splits: Bool
    private let spelling: [UInt8]

    /// Reads the pre-tokenizer or the decoder, which have the same fields.
    init(_ fields: PartFields) throws(Damage) {
        replacement = try fields.optional("replacement", .scalar) ?? "\u{2581}"
        let schemes: [String: PrependScheme] = ["always": .always, "first": .first, "never": .never]
        let addsPrefixSpace = try fields.flag("add_prefix_space", default: true)
        prependScheme = try fields.choice("prepend_scheme", schemes) ?? (addsPrefixSpace ? .always : .never)
        splits = try fields.flag("split", default: true)
        spelling = Array(String(replacement).utf8)
    }

    func apply(to tokens: inout PreTokens) throws(Damage) {
        try tokens.rewrite { piece, opensText, output in
            let prepends = prependScheme == .always || (prependScheme == .first && opensText)
            if prepends, piece.first != 0x20, !piece.starts(with: spelling) { output += spelling }
            for byte in piece { if byte == 0x20 { output += spelling } else { output.append(byte) } }
        }
        if splits { try tokens.split(by: .text(spelling), .mergedWithNext, isInverted: false) }
    }
}
