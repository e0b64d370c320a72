/// What a model can be asked for.
public enum ModelTask: String, Sendable, CaseIterable {
    /// Texts continued, and how probable a text is.
    case generate
    /// Vectors of texts.
    case embed
    /// How well pairs of texts, a query and a document, go together.
    case score

    fileprivate var words: String {
        switch self {
        case .generate: "continues no texts"
        case .embed: "makes no vectors of texts"
        case .score: "scores no pairs of texts"
        }
    }

    fileprivate var remedy: String {
        switch self {
        case .generate: "ask it for embeddings or scores, or use a model that generates"
        case .embed: "use another model for embeddings"
        case .score:
            "use a cross-encoder or a Qwen3 reranker (reranker qwen3, where the model's name and config do not tell)"
        }
    }
}

extension LanguageModel {
    /// Refuses what the model cannot be asked for. - Throws: ``LLMGenError`` `invalidInput`.
    public func check(_ task: ModelTask) throws(LLMGenError) {
        guard !tasks.contains(task) else { return }
        throw LLMGenError(
            code: .invalidInput, message: "'\(name)' is a \(architectureName), which \(task.words); \(task.remedy)",
            field: "model")
    }
}
