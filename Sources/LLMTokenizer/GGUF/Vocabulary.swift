public import LLMJSON

/// A vocabulary as a GGUF file tells it in its metadata, `tokenizer.ggml.*`.
///
/// Whoever reads the file fills the fields, one for each key; an absent key is nil or empty.
public struct Vocabulary: Sendable {
    /// What errors call the vocabulary; whoever reads it from a file names the file.
    public var source = "the GGUF vocabulary"
    /// `model`: `llama`, `gpt2`, `gemma4`, `t5` or `bert`.
    public var model: String
    /// `pre`: the name of the rules that cut a text into words, for `gpt2`.
    public var preTokenizer: String?
    /// `tokens`: by id, the UTF-8 of the spelling.
    public var tokens: [[UInt8]]
    /// `scores`: by id.
    public var scores: [Float] = []
    /// `token_type`: by id, 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    public var types: [Int32] = []
    /// `merges`: two spellings with a space between, the first merge first.
    public var merges: [[UInt8]] = []
    /// `added_tokens`: spellings of tokens that are user-defined, where `types` does not say what they are.
    public var addedTokens: [[UInt8]] = []
    /// `bos_token_id`.
    public var bos: TokenID?
    /// `eos_token_id`.
    public var eos: TokenID?
    /// `unknown_token_id`.
    public var unknown: TokenID?
    /// `seperator_token_id`, as it is spelled.
    public var separator: TokenID?
    /// `add_bos_token`.
    public var addsBOS: Bool?
    /// `add_eos_token`.
    public var addsEOS: Bool?
    /// `add_space_prefix`.
    public var addsSpacePrefix: Bool?
    /// `remove_extra_whitespaces`.
    public var removesExtraWhitespaces: Bool?
    /// `normalizer.lowercase`.
    public var lowercases: Bool?
    /// `normalizer.strip_accents`.
    public var stripsAccents: Bool?
    /// `precompiled_charsmap`.
    public var characterMap: [UInt8] = []

    /// A vocabulary of `tokens`; the other fields are set one by one.
    public init(model: String, tokens: [[UInt8]]) {
        self.model = model
        self.tokens = tokens
    }

    /// The tokenizer that the vocabulary means.
    ///
    /// - Throws: `TokenizerError`, which begins with `source`: `unsupported` for a model or a pre-tokenizer that is not
    ///   known, which it names; `malformedModel` where the fields contradict one another.
    public func tokenizer() throws(TokenizerError) -> any Tokenizer {
        do throws(Damage) {
            try check()
            switch model {
            case "gpt2", "gemma4": return try PipelineTokenizer(try pipeline())
            case "bert": return try PipelineTokenizer(try wordPiece())
            case "llama", "t5": break
            default: throw Damage("tokenizer.ggml.model is \(model.quoted), which is not known", code: .unsupported)
            }
        } catch {
            throw TokenizerError(error.code, "\(source) cannot be used: \(error.reason); \(error.remedy)")
        }
        return try SentencePieceTokenizer(vocabulary: self)
    }

    private func check() throws(Damage) {
        guard !tokens.isEmpty else { throw Damage("it has no tokens") }
        for (name, count) in [("scores", scores.count), ("token_type", types.count)]
        where count != 0 && count != tokens.count {
            throw Damage("it has \(tokens.count) tokens, but \(name) has \(count) elements")
        }
        for (name, id) in [("bos", bos), ("eos", eos), ("unknown", unknown), ("seperator", separator)] {
            if let id, !tokens.indices.contains(Int(id)) {
                throw Damage("\(name)_token_id is \(id), but the ids are 0 to \(tokens.count - 1)")
            }
        }
    }

    /// The type of a token; normal where the file tells none.
    func type(_ id: Int) -> Int32 { types.isEmpty ? 1 : types[id] }

    /// The spelling of a token as text.
    func text(_ id: Int) throws(Damage) -> String {
        guard let text = String(validating: tokens[id], as: UTF8.self) else {
            throw Damage("token \(id) is not valid UTF-8")
        }
        return text
    }

    /// Control, user-defined and added tokens, which are matched in a text as they are spelled.
    func matched() throws(Damage) -> [TokenID: AddedToken] {
        var matched = try listed()
        for id in tokens.indices where type(id) == 3 || type(id) == 4 {
            var token = AddedToken(try text(id))
            token.isSpecial = type(id) == 3
            matched[TokenID(id)] = token
        }
        return matched
    }

    /// The tokens of `addedTokens`.
    private func listed() throws(Damage) -> [TokenID: AddedToken] {
        if addedTokens.isEmpty { return [:] }
        let ids = Dictionary(tokens.enumerated().map { ($1, $0) }) { first, _ in first }
        var listed: [TokenID: AddedToken] = [:]
        for (index, spelling) in addedTokens.enumerated() {
            guard let id = ids[spelling] else {
                throw Damage("number \(index) of added_tokens is none of its \(tokens.count) tokens")
            }
            var token = AddedToken(try text(id))
            token.isSpecial = false
            listed[TokenID(id)] = token
        }
        return listed
    }
}

extension SentencePieceTokenizer {
    /// The tokenizer of a vocabulary of the kind `llama` or `t5`.
    init(vocabulary: Vocabulary) throws(TokenizerError) {
        let isUnigram = vocabulary.model == "t5"
        var configuration = TokenizerConfiguration()
        // As llama.cpp does, each stretch behind a special token gets the prefix space.
        configuration.isLegacy = true
        configuration.addsPrefixSpace = vocabulary.addsSpacePrefix ?? !isUnigram
        configuration.addsBOS = vocabulary.addsBOS ?? (!isUnigram && vocabulary.bos != nil)
        configuration.addsEOS = vocabulary.addsEOS ?? (isUnigram && vocabulary.eos != nil)
        let source = "\(vocabulary.source) cannot be used"
        do throws(Damage) {
            configuration.addedTokens = try vocabulary.matched()
            func setting(_ id: TokenID?) throws(Damage) -> TokenizerConfiguration.Setting {
                guard let id else { return .none }
                return .token(AddedToken(try vocabulary.text(Int(id))))
            }
            configuration.bos = try setting(vocabulary.bos)
            configuration.eos = try setting(vocabulary.eos)
        } catch {
            throw TokenizerError(error.code, "\(source): \(error.reason); \(error.remedy)")
        }
        try self.init(configuration, place: vocabulary.source, source: source) { () throws(Damage) in
            var pieces: [SentencePieceModel.Piece] = []
            let unknown = vocabulary.unknown.map(Int.init) ?? vocabulary.types.firstIndex(of: 2)
            for id in vocabulary.tokens.indices {
                // Tokens that pad the vocabulary have the type of the unknown token too, which is one only.
                let raw = id == unknown ? 2 : vocabulary.type(id) == 2 ? 5 : vocabulary.type(id)
                guard let kind = SentencePieceModel.Kind(rawValue: UInt64(max(raw, 0))) else {
                    throw Damage("token_type of token \(id) is \(raw), not 1 to 6")
                }
                let score = vocabulary.scores.isEmpty ? 0 : vocabulary.scores[id]
                pieces.append(SentencePieceModel.Piece(text: try vocabulary.text(id), score: score, kind: kind))
            }
            return try SentencePieceModel(
                pieces, isUnigram ? .unigram : .bpe, characterMap: vocabulary.characterMap,
                removesExtraWhitespaces: vocabulary.removesExtraWhitespaces ?? false)
        }
    }
}
