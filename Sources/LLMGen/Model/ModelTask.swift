import LLMModels

/// What a model can be asked for.
public enum ModelTask: String, Sendable, CaseIterable {
    /// Texts continued, and how probable a text is.
    case generate
    /// Vectors of texts.
    case embed
    /// How well pairs of texts, a query and a document, go together.
    case score

    /// What a model of this network can be asked for.
    static func tasks(
        _ network: Network, _ scoring: Result<PairScorer?, LLMGenError>,
        _ embedding: Result<EmbeddingFormat, LLMGenError>
    ) -> Set<ModelTask> {
        let scores: Set<ModelTask> = if case .success(nil) = scoring { [] } else { [.score] }
        if network.labels != nil { return scores }
        guard network.predictsTokens else { return [.embed, .score] }
        let isTrainedToEmbed = (try? embedding.get().isOfFiles) ?? false
        return scores.union(isTrainedToEmbed ? [.generate, .embed, .score] : [.generate, .embed])
    }

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
            "use a cross-encoder, an embedding model or a Qwen3 reranker (reranker qwen3, where the model's name and config "
                + "do not tell)"
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
