public import LLMTokenizer

/// A model's tokenizer without its weights.
public enum ModelTokenizer {
    /// Loads the tokenizer of the model that `path` names (``ModelLocator``), or of a tokenizer file:
    /// `tokenizer.json`, `tokenizer.model`.
    ///
    /// - Throws: ``LLMGenError`` `notFound` or `invalidInput`, naming the file and what is wrong with it.
    public static func load(_ path: String = ModelLocator.bundledModel) throws(LLMGenError) -> any Tokenizer {
        let location = try ModelLocator.locate(path)
        do {
            return try TokenizerFile.load(location)
        } catch {
            throw LLMGenError(error)
        }
    }
}
