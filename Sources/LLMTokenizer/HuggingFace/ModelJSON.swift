import LLMJSON
import OrderedCollections

/// The `model` of a `tokenizer.json`: its vocabulary streamed, its settings by name.
struct ModelJSON {
    private(set) var tokens = TokenTable()
    /// The scores of a vocabulary that is a list of pairs.
    private var scores: [Double] = []
    private var isList = false
    private var merges = MergeList()
    private var settings: PartFields

    init(_ reader: inout JSONReader) throws {
        var members: OrderedDictionary<String, JSONValue> = [:]
        settings = try PartFields(.object([:]), "model")
        try reader.beginObject()
        while let name = try reader.nextName() {
            switch (name, try reader.kind()) {
            case ("vocab", .object): try readVocabulary(&reader)
            case ("vocab", .array): try readList(&reader)
            case ("merges", .array): try merges.read(&reader)
            default: members[name] = try reader.value()
            }
        }
        settings = try PartFields(.object(members), "model")
    }

    private mutating func readVocabulary(_ reader: inout JSONReader) throws {
        try reader.beginObject()
        var name: [UInt8] = []
        let limit = reader.byteCount
        while try reader.nextName(appendingTo: &name) {
            let id = try reader.count()
            // An id takes at least three bytes of the file, so a larger one would cost memory for nothing.
            guard id < limit else { throw Damage("token id \(id) is larger than the file has room for") }
            try tokens.insert(name[...], id: id)
            name.removeAll(keepingCapacity: true)
        }
    }

    private mutating func readList(_ reader: inout JSONReader) throws {
        isList = true
        var spelling: [UInt8] = []
        try reader.beginArray()
        while try reader.nextElement() {
            try reader.beginArray()
            spelling.removeAll(keepingCapacity: true)
            guard try reader.nextElement() else { throw Damage("an entry of vocab is no pair") }
            try reader.string(appendingTo: &spelling)
            guard try reader.nextElement() else { throw Damage("an entry of vocab is no pair") }
            // Of equal tokens the last counts.
            try tokens.insert(spelling[...], id: scores.count, replaces: true)
            scores.append(try reader.number())
            guard try !reader.nextElement() else { throw Damage("an entry of vocab is no pair") }
        }
    }

    /// The kind of model; files of old versions do not name it.
    private func type() throws(Damage) -> String {
        if let type = try settings.optional("type", .text) { return type }
        if isList { return "Unigram" }
        if !merges.isEmpty || settings.field("byte_fallback") != nil { return "BPE" }
        return settings.field("continuing_subword_prefix") != nil ? "WordPiece" : "WordLevel"
    }

    /// Whether the model may read plain bytes in place of the characters that spell them.
    var canReadBytes: Bool {
        let affixes = ["continuing_subword_prefix", "end_of_word_suffix"].contains {
            if case .string(let affix)? = settings.field($0) { !affix.isEmpty } else { false }
        }
        return (try? type()) == "BPE" && !affixes && (try? settings.flag("byte_fallback", default: false)) == false
    }

    /// - Parameter readsBytes: whether the model reads plain bytes.
    func model(readsBytes: Bool) throws(Damage) -> TokenModel {
        let type = try type()
        guard isList == (type == "Unigram") else { throw Damage("vocab is not as \(type.quoted) has it") }
        switch type {
        case "BPE":
            var options = BPE.Options()
            options.unknown = try settings.optional("unk_token", .text)
            options.fusesUnknown = try settings.flag("fuse_unk", default: false)
            options.continuingPrefix = try settings.string("continuing_subword_prefix", default: "")
            options.wordSuffix = try settings.string("end_of_word_suffix", default: "")
            options.fallsBackToBytes = try settings.flag("byte_fallback", default: false)
            options.ignoresMerges = try settings.flag("ignore_merges", default: false)
            let table = try merges.table(tokens, continuingPrefix: options.continuingPrefix)
            let spelled = readsBytes ? try tokens.plain() : tokens
            return .bpe(try BPE(spelled, table, options, isByteLevel: readsBytes))
        case "Unigram":
            let unknown = try settings.optional("unk_id", .integer(in: 0...TokenTable.idLimit))
            return .unigram(
                try Unigram(
                    tokens, scores, unknown: unknown.map { Int32($0) },
                    fallsBackToBytes: try settings.flag("byte_fallback", default: false)))
        case "WordPiece":
            return .wordPiece(
                WordPiece(
                    tokens, unknown: try settings.string("unk_token", default: "[UNK]"),
                    continuingPrefix: try settings.string("continuing_subword_prefix", default: "##"),
                    characterLimit: try settings.integer("max_input_chars_per_word", in: 0...Int.max, default: 100)))
        case "WordLevel":
            return .wordLevel(WordLevel(tokens, unknown: try settings.string("unk_token", default: "<unk>")))
        default: throw Damage("the model \(type.quoted) is not supported", code: .unsupported)
        }
    }
}
