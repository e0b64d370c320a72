public import LLMTokenizer

/// A model's tokenizer without its weights.
public struct ModelTokenizer: Sendable {
    /// The tokenizer itself.
    public let tokenizer: any Tokenizer
    /// How conversations are written for the model: its chat template.
    public let chatFormat: ChatFormat

    /// Loads the tokenizer of the model that `path` names (``ModelLocator``), or of a tokenizer file: `tokenizer.json`,
    /// `tokenizer.model` or a GGUF file, told apart by how they begin.
    ///
    /// - Throws: ``LLMGenError`` `notFound` or `invalidInput`, naming the file and what is wrong with it.
    public init(_ path: String = ModelLocator.bundledModel) throws(LLMGenError) {
        let source = try ModelLocator.source(path)
        tokenizer = try source.tokenizerAlone()
        chatFormat = source.chatFormat(tokenizer)
    }

    /// The ids of `text`.
    ///
    /// - Parameter addSpecialTokens: whether BOS and EOS are put around it, as the tokenizer's files ask.
    /// - Throws: ``LLMGenError`` `invalidInput` for a text that is too long, or that the vocabulary cannot express.
    public func encode(_ text: String, addSpecialTokens: Bool = true) throws(LLMGenError) -> [TokenID] {
        do {
            return try tokenizer.encode(text, addSpecialTokens: addSpecialTokens)
        } catch {
            throw LLMGenError(error)
        }
    }

    /// The text of `ids`.
    ///
    /// - Parameter skipSpecialTokens: whether special tokens are left out; otherwise their names stand in the text.
    /// - Throws: ``LLMGenError`` `invalidInput` for an id that is not in the vocabulary.
    public func decode(_ ids: [TokenID], skipSpecialTokens: Bool = false) throws(LLMGenError) -> String {
        guard let unknown = ids.first(where: { tokenizer.piece($0) == nil }) else {
            return tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens)
        }
        throw LLMGenError(
            code: .invalidInput,
            message: "token id \(unknown) is not in the vocabulary, whose ids are 0 to \(tokenizer.vocabularySize - 1)")
    }

    /// The vocabulary's own spelling of `id`; nil outside the vocabulary.
    public func piece(_ id: TokenID) -> String? { tokenizer.piece(id) }
}
