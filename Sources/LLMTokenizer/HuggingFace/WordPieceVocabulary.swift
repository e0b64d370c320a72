import Foundation
import LLMJSON

extension PipelineTokenizer {
    /// Loads BERT's `vocab.txt`, a token a line, with the settings of `tokenizer_config.json` beside it, as the classes of
    /// `transformers` 5 do where there is no `tokenizer.json`.
    ///
    /// - Throws: `TokenizerError`, which names the file and what is wrong with it; `unsupported` for the vocabulary of
    ///   another class, which it names.
    init(vocabulary file: URL) throws(TokenizerError) {
        let folder = file.deletingLastPathComponent()
        let configuration = try TokenizerConfiguration(folder: folder)
        let settings = try WordPieceSettings(folder: folder)
        guard let bytes = try BoundedFile.read(file, limit: 64 << 20) else {
            throw TokenizerError(.notFound, "\(file.path) does not exist; name a vocab.txt")
        }
        do throws(Damage) {
            var parts = try settings.parts(of: try TokenTable(lines: bytes))
            try parts.apply(configuration)
            try self.init(parts)
        } catch {
            throw TokenizerError(
                error.code, "\(file.path) is no usable tokenizer: \(error.reason); \(error.remedy)")
        }
    }
}

extension TokenTable {
    /// The tokens of a file that has one a line, whose number is its id. Of equal tokens the last counts.
    fileprivate init(lines bytes: [UInt8]) throws(Damage) {
        self.init(capacity: bytes.count / 8)
        var (start, id) = (0, 0)
        while start < bytes.count {
            let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
            guard String(validating: bytes[start..<end], as: UTF8.self) != nil else {
                throw Damage("line \(id + 1) is not valid UTF-8")
            }
            try insert(bytes[start..<end], id: id, replaces: true)
            id += 1
            let isPair = end + 1 < bytes.count && bytes[end] == 0x0D && bytes[end + 1] == 0x0A
            start = end + (isPair ? 2 : 1)
        }
    }
}

/// What `tokenizer_config.json` says of a `vocab.txt`.
private struct WordPieceSettings: Decodable {
    private var tokenizerClass: String?
    private var lowercases: Bool?
    private var stripsAccents: Bool?
    private var separatesIdeographs: Bool?
    private var splitsWords: Bool?
    private var unknown: AddedToken?
    private var separator: AddedToken?
    private var classification: AddedToken?
    private var padding: AddedToken?
    private var mask: AddedToken?

    private enum CodingKeys: String, CodingKey {
        case tokenizerClass = "tokenizer_class"
        case lowercases = "do_lower_case"
        case stripsAccents = "strip_accents"
        case separatesIdeographs = "tokenize_chinese_chars"
        case splitsWords = "do_basic_tokenize"
        case unknown = "unk_token"
        case separator = "sep_token"
        case classification = "cls_token"
        case padding = "pad_token"
        case mask = "mask_token"
    }

    /// Classes that read a vocabulary alike.
    private static let classes = ["Bert", "DistilBert", "Electra", "MobileBert", "MPNet"]

    /// What no file says.
    private init() {}

    init(folder: URL) throws(TokenizerError) {
        self = try TokenizerConfiguration.decode(folder.appending(path: "tokenizer_config.json")) ?? Self()
    }

    /// The tokenizer of a vocabulary.
    func parts(of tokens: TokenTable) throws(Damage) -> PipelineTokenizer.Parts {
        let named = tokenizerClass ?? "BertTokenizer"
        guard let family = Self.classes.first(where: { ["\($0)Tokenizer", "\($0)TokenizerFast"].contains(named) })
        else {
            throw Damage(
                "tokenizer_class in tokenizer_config.json is \(named.quoted), and a vocab.txt is read for "
                    + Self.classes.map { "\($0)Tokenizer" }.joined(separator: ", "),
                code: .unsupported, remedy: "add the model's tokenizer.json")
        }
        guard splitsWords != false else {
            throw Damage(
                "do_basic_tokenize in tokenizer_config.json is false", code: .unsupported,
                remedy: "add the model's tokenizer.json")
        }
        let isMPNet = family == "MPNet"
        var parts = PipelineTokenizer.Parts(
            tokens: tokens,
            model: .wordPiece(
                WordPiece(
                    tokens, unknown: (unknown ?? AddedToken("[UNK]")).content, continuingPrefix: "##",
                    characterLimit: 100)))
        func add(_ token: AddedToken?, _ fallback: String) throws(Damage) -> TokenID {
            let token = token ?? AddedToken(fallback)
            guard let id = tokens.id(token.content) else {
                throw Damage("no line of it is \(token.content.quoted)", remedy: "correct tokenizer_config.json")
            }
            parts.added.set(token, id: id)
            return id
        }
        _ = try add(unknown, "[UNK]")
        let first = try add(classification, isMPNet ? "<s>" : "[CLS]")
        let last = try add(separator, isMPNet ? "</s>" : "[SEP]")
        let padding = padding ?? AddedToken(isMPNet ? "<pad>" : "[PAD]")
        var masking = mask ?? AddedToken(isMPNet ? "<mask>" : "[MASK]")
        // Its class has the mask take the space in front of it.
        if isMPNet { masking.stripsLeft = true }
        for token in [padding, masking] {
            if let id = tokens.id(token.content) { parts.added.set(token, id: id) }
        }
        parts.normalizer = try Normalizer(
            .object([
                "type": .string("BertNormalizer"), "lowercase": .flag(lowercases ?? true),
                "strip_accents": stripsAccents.map { .flag($0) } ?? .null,
                "handle_chinese_chars": .flag(separatesIdeographs ?? true),
            ]))
        parts.preTokenizer = try PreTokenizer(.object(["type": .string("BertPreTokenizer")]))
        parts.decoder = try TokenDecoder(.object(["type": .string("WordPiece")]))
        func end(_ id: TokenID) -> JSONValue { .array([.string(""), .integer(Int(id))]) }
        parts.postProcessor = try PostProcessor(
            .object([
                "type": .string(isMPNet ? "RobertaProcessing" : "BertProcessing"), "cls": end(first), "sep": end(last),
            ]))
        return parts
    }
}
