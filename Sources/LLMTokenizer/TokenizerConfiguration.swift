import Foundation

/// What `tokenizer_config.json` and the older `added_tokens.json` say, as far as encoding and decoding need it.
///
/// The files are those of Hugging Face `transformers`.
struct TokenizerConfiguration: Sendable {
    /// A token that a file may name, deny (`null`) or not mention.
    enum Setting: Sendable, Hashable {
        case unset
        case none
        case token(AddedToken)
    }

    var addsBOS: Bool?
    var addsEOS: Bool?
    var addsPrefixSpace: Bool?
    /// Whether the text after a special token is encoded as if it began the whole, as old tokenizers did.
    var isLegacy = false
    var bos = Setting.unset
    var eos = Setting.unset
    /// The other tokens that are named as special: unknown, padding and such.
    var otherSpecials: [AddedToken] = []
    /// Tokens with ids of their own.
    var addedTokens: [TokenID: AddedToken] = [:]

    /// What no file says.
    init() {}

    /// Reads the files of `folder`; a file that is not there says nothing.
    init(folder: URL) throws(TokenizerError) {
        if let file: ConfigurationFile = try Self.decode(folder.appending(path: "tokenizer_config.json")) {
            addsBOS = file.addsBOS
            addsEOS = file.addsEOS
            addsPrefixSpace = file.addsPrefixSpace
            isLegacy = file.isLegacy
            bos = file.bos
            eos = file.eos
            otherSpecials = file.otherSpecials
            addedTokens = file.addedTokens
        }
        let added: [String: TokenID]? = try Self.decode(folder.appending(path: "added_tokens.json"))
        for (content, id) in added ?? [:] where addedTokens[id] == nil { addedTokens[id] = AddedToken(content) }
        try check(folder)
    }

    private func check(_ folder: URL) throws(TokenizerError) {
        for (id, token) in addedTokens.sorted(by: { $0.key < $1.key }) {
            guard 0..<Limits.ids ~= id, 1...Limits.tokenBytes ~= token.content.utf8.count else {
                throw TokenizerError(
                    .malformedConfiguration,
                    """
                    \(folder.path): added token \(id) has \(token.content.utf8.count) bytes; ids must be 0 to \
                    \(Limits.ids - 1), and tokens have 1 to \(Limits.tokenBytes) bytes; correct tokenizer_config.json
                    """)
            }
        }
    }

    static func decode<Content: Decodable>(_ url: URL) throws(TokenizerError) -> Content? {
        guard let bytes = try BoundedFile.read(url, limit: Limits.fileBytes) else { return nil }
        do {
            return try JSONDecoder().decode(Content.self, from: Data(bytes))
        } catch {
            throw TokenizerError(
                .malformedConfiguration,
                "\(url.path) is not usable: \(reason(error)); correct it or download it again")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
        default: return error.localizedDescription
        }
    }

    private enum Limits {
        static let fileBytes = 32 << 20
        static let ids: TokenID = 1 << 24
        static let tokenBytes = 1024
    }
}

/// The JSON of `tokenizer_config.json`.
private struct ConfigurationFile: Decodable {
    let addsBOS: Bool?
    let addsEOS: Bool?
    let addsPrefixSpace: Bool?
    let isLegacy: Bool
    let bos: TokenizerConfiguration.Setting
    let eos: TokenizerConfiguration.Setting
    let otherSpecials: [AddedToken]
    let addedTokens: [TokenID: AddedToken]

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Fields.self)
        addsBOS = try fields.decodeIfPresent(Bool.self, forKey: .addBOS)
        addsEOS = try fields.decodeIfPresent(Bool.self, forKey: .addEOS)
        addsPrefixSpace = try fields.decodeIfPresent(Bool.self, forKey: .addPrefixSpace)
        isLegacy = try fields.decodeIfPresent(Bool.self, forKey: .legacy) ?? false
        bos = try Self.setting(fields, .bos)
        eos = try Self.setting(fields, .eos)
        let named = try [Fields.unknown, .padding, .separator, .classification, .mask].compactMap {
            try fields.decodeIfPresent(AddedToken.self, forKey: $0)
        }
        otherSpecials = named + (try fields.decodeIfPresent([AddedToken].self, forKey: .additional) ?? [])
        let added = try fields.decodeIfPresent([String: AddedToken].self, forKey: .added) ?? [:]
        var addedTokens: [TokenID: AddedToken] = [:]
        for (key, token) in added {
            guard let id = TokenID(key), String(id) == key else {
                throw DecodingError.dataCorruptedError(
                    forKey: .added, in: fields, debugDescription: "\"\(key)\" is no token id")
            }
            addedTokens[id] = token
        }
        self.addedTokens = addedTokens
    }

    private static func setting(
        _ fields: KeyedDecodingContainer<Fields>, _ key: Fields
    ) throws -> TokenizerConfiguration.Setting {
        guard fields.contains(key) else { return .unset }
        return try fields.decodeIfPresent(AddedToken.self, forKey: key).map { .token($0) } ?? .none
    }

    private enum Fields: String, CodingKey {
        case addBOS = "add_bos_token"
        case addEOS = "add_eos_token"
        case addPrefixSpace = "add_prefix_space"
        case legacy
        case bos = "bos_token"
        case eos = "eos_token"
        case unknown = "unk_token"
        case padding = "pad_token"
        case separator = "sep_token"
        case classification = "cls_token"
        case mask = "mask_token"
        case additional = "additional_special_tokens"
        case added = "added_tokens_decoder"
    }
}
