public import Foundation

/// The tokenizer of a model folder with a SentencePiece vocabulary: `tokenizer.model`, and the rules of
/// `tokenizer_config.json` where there is one.
///
/// It gives what Python's `sentencepiece` gives for plain text, and what the `LlamaTokenizer` of `transformers`
/// (with `legacy` false, unless the file says otherwise) adds to that: BOS and EOS, and special tokens spelled out
/// in the text. Only the beginning of a text gets the vocabulary's prefix space, not what follows a special token.
public struct SentencePieceTokenizer: Tokenizer {
    /// The longest text that is encoded at once, in bytes of UTF-8; the library needs some hundred times as much
    /// memory.
    public static let maximumTextBytes = 16 << 20

    /// The id of `bos_token`, or of the model's own control piece where no file names one.
    public let bosToken: TokenID?
    /// The id of `eos_token`, likewise; no other ids end a sequence for the tokenizer.
    public let eosTokens: [TokenID]
    /// SentencePiece's, with the leading space that the model's normalizer tells of.
    public let decodingRules: DecodingRules
    /// Whether `encode` puts BOS in front of a text, where special tokens are wanted.
    public let addsBOS: Bool
    /// Whether `encode` puts EOS behind a text, where special tokens are wanted.
    public let addsEOS: Bool

    private let vocabulary: SentencePieceVocabulary
    private let matcher: AddedTokenMatcher
    /// Encodes a text from its beginning.
    private let opening: SentencePieceProcessor
    /// Encodes what follows a special token.
    private let continuing: SentencePieceProcessor

    /// Loads the tokenizer in `folder`.
    ///
    /// - Throws: `TokenizerError`, which names the file and what is wrong with it.
    public init(folder: URL) throws(TokenizerError) {
        try self.init(file: folder.appending(path: "tokenizer.model"))
    }

    /// Loads a vocabulary, and the rules of `tokenizer_config.json` beside it.
    ///
    /// - Throws: `TokenizerError`, which names the file and what is wrong with it.
    public init(file: URL) throws(TokenizerError) {
        let folder = file.deletingLastPathComponent()
        let configuration = try TokenizerConfiguration(folder: folder)
        let bytes = try Self.read(file)
        try self.init(configuration, place: folder.path, source: "\(file.path) is no usable SentencePiece model") {
            () throws(Damage) in try SentencePieceModel(bytes)
        }
    }

    static func read(_ file: URL) throws(TokenizerError) -> [UInt8] {
        if let bytes = try BoundedFile.read(file, limit: 64 << 20) { return bytes }
        throw TokenizerError(.notFound, "\(file.path) does not exist; name a model folder with a tokenizer.model")
    }

    /// - Parameters:
    ///   - place: where the configuration is from, for errors.
    ///   - source: how errors begin that are about the model.
    init(
        _ configuration: TokenizerConfiguration, place: String, source: String,
        _ read: () throws(Damage) -> SentencePieceModel
    ) throws(TokenizerError) {
        do throws(Damage) {
            var model = try read()
            try self.init(model: &model, configuration, place)
        } catch {
            guard error.code != .malformedConfiguration else {
                throw TokenizerError(error.code, "\(error.reason); \(error.remedy)")
            }
            throw TokenizerError(error.code, "\(source): \(error.reason); \(error.remedy)")
        }
    }

    private init(
        model: inout SentencePieceModel, _ configuration: TokenizerConfiguration, _ place: String
    ) throws(Damage) {
        model.addsDummyPrefix = configuration.addsPrefixSpace ?? model.addsDummyPrefix
        opening = try SentencePieceProcessor(model)
        vocabulary = SentencePieceVocabulary(model, configuration)
        decodingRules = DecodingRules(
            leadingSpace: model.removesExtraWhitespaces ? .dropUntilText : model.addsDummyPrefix ? .dropOne : .keep)
        if model.addsDummyPrefix, !configuration.isLegacy {
            model.addsDummyPrefix = false
            continuing = try SentencePieceProcessor(model)
        } else {
            continuing = opening
        }
        bosToken = try Self.id(vocabulary.bos, configuration.bos, "bos_token", isNeeded: configuration.addsBOS, place)
        let eos = try Self.id(vocabulary.eos, configuration.eos, "eos_token", isNeeded: configuration.addsEOS, place)
        eosTokens = eos.map { [$0] } ?? []
        addsBOS = configuration.addsBOS ?? (bosToken != nil)
        addsEOS = configuration.addsEOS ?? false
        matcher = AddedTokenMatcher(vocabulary.matched)
    }

    /// What a file's setting means, held against the vocabulary.
    private static func id(
        _ id: TokenID?, _ setting: TokenizerConfiguration.Setting, _ field: String, isNeeded: Bool?, _ place: String
    ) throws(Damage) -> TokenID? {
        if id == nil, case .token(let token) = setting {
            throw Damage(
                "\(place): \(field) \"\(token.content)\" is not in the vocabulary", code: .malformedConfiguration,
                remedy: "correct tokenizer_config.json, or give the token an id in added_tokens_decoder")
        }
        if id == nil, isNeeded == true {
            throw Damage(
                "\(place): add_\(field) is true, but there is no \(field)", code: .malformedConfiguration,
                remedy: "name one in tokenizer_config.json, or set add_\(field) to false")
        }
        return id
    }

    /// One more than the largest id, added tokens included.
    public var vocabularySize: Int { vocabulary.count }

    /// The ids of `text`; safe from any number of threads.
    ///
    /// - Parameter addSpecialTokens: whether BOS and EOS are put around it, as `addsBOS` and `addsEOS` tell.
    /// - Throws: `textTooLong` past `maximumTextBytes`; `encodingFailed` where a damaged vocabulary cannot express it.
    public func encode(_ text: String, addSpecialTokens: Bool = true) throws(TokenizerError) -> [TokenID] {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumTextBytes else {
            throw TokenizerError(
                .textTooLong,
                """
                the text has \(bytes.count) bytes, more than the \(Self.maximumTextBytes) that can be encoded at once; \
                shorten it
                """)
        }
        var ids: [TokenID] = []
        if addSpecialTokens, addsBOS, let bosToken { ids.append(bosToken) }
        do {
            for segment in matcher.segments(of: bytes, 0..<bytes.count) {
                switch segment {
                case .token(let id): ids.append(id)
                case .text(let range):
                    let processor = range.lowerBound == 0 ? opening : continuing
                    try processor.encode(bytes[range], into: &ids)
                }
            }
        } catch {
            throw TokenizerError(
                .encodingFailed,
                "the vocabulary cannot express the text: \(error.reason); check that tokenizer.model fits the model")
        }
        if addSpecialTokens, addsEOS, let eos = eosTokens.first { ids.append(eos) }
        return ids
    }

    /// What `id` adds to a decoded text.
    public func text(of id: TokenID) -> TokenText { vocabulary.text(of: id) }

    /// The vocabulary's spelling of `id`, or nil outside it.
    public func piece(_ id: TokenID) -> String? { vocabulary.piece(id) }
}
