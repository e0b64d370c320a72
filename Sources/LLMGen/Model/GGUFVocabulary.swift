package import LLMTokenizer
import LLMWeights

/// What a GGUF file says about text: its vocabulary and its chat templates.
///
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#tokenizer
package struct GGUFVocabulary {
    private let file: GGUFFile
    private var metadata: GGUFMetadata { file.metadata }

    /// Opens the GGUF file at `path`. - Throws: ``LLMGenError`` `notFound` or `invalidInput`.
    package init(path: String) throws(LLMGenError) {
        do {
            file = try GGUFFile(path: path)
        } catch {
            throw LLMGenError(error)
        }
    }

    /// The vocabulary of a file that is open.
    init(_ file: GGUFFile) { self.file = file }

    /// Whether the file has a vocabulary.
    var isPresent: Bool { metadata.type(of: key("model")) != nil }

    /// The tokenizer that the vocabulary means.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput`, which names the file, the key and the value.
    package func tokenizer() throws(LLMGenError) -> any Tokenizer {
        let vocabulary: Vocabulary
        do {
            vocabulary = try self.vocabulary()
        } catch {
            throw LLMGenError(error)
        }
        do {
            return try vocabulary.tokenizer()
        } catch {
            throw LLMGenError(error)
        }
    }

    /// The texts of the file's chat templates by name; the one without a name of its own is `default`.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput`, which names the file, the key and the value.
    package func chatTemplates() throws(LLMGenError) -> [String: String] {
        let prefix = "tokenizer.chat_template"
        do {
            var texts: [String: String] = [:]
            for key in metadata.keys where key == prefix || key.hasPrefix(prefix + ".") {
                texts[key == prefix ? "default" : String(key.dropFirst(prefix.count + 1))] = try metadata.string(key)
            }
            return texts
        } catch {
            throw LLMGenError(error)
        }
    }

    private func vocabulary() throws(WeightsError) -> Vocabulary {
        let tokens = try metadata.byteStrings(key("tokens"))
        guard !tokens.isEmpty else { throw metadata.invalid(key("tokens"), "a list of at least one text") }
        var vocabulary = Vocabulary(model: try metadata.string(key("model")), tokens: tokens)
        vocabulary.source = "'\(file.file.path)': the vocabulary"
        vocabulary.preTokenizer = try optional("pre") { key throws(WeightsError) in try metadata.string(key) }
        vocabulary.scores = try metadata.floats(key("scores"))
        vocabulary.types = try metadata.integers(key("token_type"), in: 1...6).map(Int32.init)
        vocabulary.merges = try metadata.byteStrings(key("merges"))
        vocabulary.addedTokens = try metadata.byteStrings(key("added_tokens"))
        let ids = 0...tokens.count - 1
        func id(_ name: String) throws(WeightsError) -> TokenID? {
            try optional(name) { key throws(WeightsError) in TokenID(try metadata.integer(key, in: ids)) }
        }
        vocabulary.bos = try id("bos_token_id")
        vocabulary.eos = try id("eos_token_id")
        vocabulary.unknown = try id("unknown_token_id")
        vocabulary.separator = try id("seperator_token_id")
        func flag(_ name: String) throws(WeightsError) -> Bool? {
            try optional(name) { key throws(WeightsError) in try metadata.flag(key) }
        }
        vocabulary.addsBOS = try flag("add_bos_token")
        vocabulary.addsEOS = try flag("add_eos_token")
        vocabulary.addsSpacePrefix = try flag("add_space_prefix")
        vocabulary.removesExtraWhitespaces = try flag("remove_extra_whitespaces")
        vocabulary.lowercases = try flag("normalizer.lowercase")
        vocabulary.stripsAccents = try flag("normalizer.strip_accents")
        // Bytes, which some files store with a sign.
        vocabulary.characterMap = try metadata.integers(key("precompiled_charsmap"), in: -128...255)
            .map { UInt8(truncatingIfNeeded: $0) }
        return vocabulary
    }

    private func key(_ name: String) -> String { "tokenizer.ggml.\(name)" }

    /// The value of a key, nil where it is missing.
    private func optional<Value>(
        _ name: String, _ read: (_ key: String) throws(WeightsError) -> Value
    ) throws(WeightsError) -> Value? {
        metadata.type(of: key(name)) == nil ? nil : try read(key(name))
    }
}
