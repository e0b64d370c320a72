/// A query and a document.
public struct TextPair: Sendable, Hashable {
    /// What is asked.
    public let query: String
    /// What may answer it.
    public let document: String

    /// A pair of texts.
    public init(_ query: String, _ document: String) {
        self.query = query
        self.document = document
    }
}

/// How pairs are scored.
public struct PairParameters: Sendable, Hashable {
    /// What makes a document relevant, for models that are told (Qwen3-Reranker); nil for the model's usual.
    public var instruction: String?
    /// Whether scores go through the model's activation, which brings them between 0 and 1 where it is a sigmoid.
    public var usesActivation: Bool
    /// Cuts a pair to so many tokens at most; -1 for as many as fit. Nil, and a pair too long is an error.
    public var truncatePromptTokens: Int?

    /// Parameters; every one has a default.
    public init(instruction: String? = nil, usesActivation: Bool = true, truncatePromptTokens: Int? = nil) {
        self.instruction = instruction
        self.usesActivation = usesActivation
        self.truncatePromptTokens = truncatePromptTokens
    }
}

/// How well a pair goes together.
public struct PairScore: Sendable, Hashable {
    /// The higher, the better; from 0 to 1 after a sigmoid, from -1 to 1 where it is a cosine.
    public let score: Double
    /// Tokens counted; nothing of a score is cached or generated. A text that several pairs of a call share is embedded once
    /// and counted for the first of them.
    public let usage: Usage
}

/// A document's place among others.
public struct RankedDocument: Sendable, Hashable {
    /// Which of the documents it is.
    public let index: Int
    /// How well it goes with the query.
    public let score: PairScore
}

/// A pair to score, checked and resolved.
public struct PreparedPair: Sendable {
    /// How it is scored.
    enum Work: Sendable {
        /// As one text, by a model that reads both together.
        case together(PoolingRequest, PairScorer, usesActivation: Bool)
        /// By the cosine of the vectors that the texts have.
        case apart(PreparedEmbedding, PreparedEmbedding)
    }

    let work: Work
}
