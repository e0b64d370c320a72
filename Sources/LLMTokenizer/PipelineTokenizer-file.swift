public import Foundation

extension PipelineTokenizer {
    /// Loads a `tokenizer.json`, and the settings of `tokenizer_config.json` and `added_tokens.json` beside it.
    ///
    /// As in `transformers` 5, what is put around a text is the file's own post-processor's to say: `add_bos_token` and
    /// `add_eos_token` beside it say nothing.
    ///
    /// - Throws: `TokenizerError`, which names the file and what is wrong with it.
    public init(file: URL) throws(TokenizerError) {
        let configuration = try TokenizerConfiguration(folder: file.deletingLastPathComponent())
        guard let bytes = try BoundedFile.read(file, limit: 256 << 20) else {
            throw TokenizerError(.notFound, "\(file.path) does not exist; name a tokenizer.json")
        }
        try self.init(json: bytes, configuration, name: file.path)
    }

    /// Reads the bytes of a `tokenizer.json`.
    ///
    /// - Throws: `TokenizerError`, which says what is wrong with it.
    public init(json bytes: [UInt8]) throws(TokenizerError) {
        try self.init(json: bytes, TokenizerConfiguration(), name: "the JSON")
    }

    private init(json bytes: [UInt8], _ configuration: TokenizerConfiguration, name: String) throws(TokenizerError) {
        do throws(Damage) {
            var parts = try TokenizerJSON(bytes).parts
            try parts.apply(configuration)
            try self.init(parts)
        } catch {
            throw TokenizerError(error.code, "\(name) is no usable tokenizer: \(error.reason); \(error.remedy)")
        }
    }
}

extension PipelineTokenizer.Parts {
    /// Adds what the files beside a `tokenizer.json` say.
    mutating func apply(_ configuration: TokenizerConfiguration) throws(Damage) {
        for (id, token) in configuration.addedTokens.sorted(by: { $0.key < $1.key })
        where added.id(token.content) == nil {
            let known = tokens.id(token.content)
            if known == nil, added.tokens[id] != nil || tokens.spelling(Int(id)) != nil {
                throw Damage(
                    "token id \(id), which tokenizer_config.json gives to \"\(token.content)\", has another token",
                    code: .malformedConfiguration, remedy: "correct tokenizer_config.json")
            }
            added.set(token, id: known ?? id)
        }
        var named = configuration.otherSpecials
        for case .token(let token) in [configuration.bos, configuration.eos] { named.append(token) }
        for token in named where added.id(token.content) == nil && tokens.id(token.content) != nil {
            added.add(token, tokens)
        }
        bos = id(configuration.bos)
        eos = id(configuration.eos)
    }

    private func id(_ setting: TokenizerConfiguration.Setting) -> TokenID? {
        if case .token(let token) = setting { added.id(token.content) } else { nil }
    }
}
