/// How texts are embedded; what is nil is as the model's files have it (``LanguageModel/embeddingFormat``).
public struct EmbeddingParameters: Sendable, Hashable {
    /// How the tokens' hidden states become one vector.
    public var pooling: Pooling?
    /// Whether vectors are scaled to length 1, by the square root of the float64 sum of their squares in the order of their
    /// elements; zeros stay zeros.
    public var normalize: Bool?
    /// Elements that are kept, from the first, before vectors are scaled: for models trained so that the first ones say
    /// most (matryoshka, Kusupati et al. 2022).
    public var dimensions: Int?
    /// What is put before texts.
    public var prompt: EmbeddingPrompt
    /// Cuts texts to so many tokens at most, the first ones and the special ones at the end; -1 for as many as fit. Nil,
    /// and a text too long is an error.
    public var truncatePromptTokens: Int?

    /// Parameters; every one has a default.
    public init(
        pooling: Pooling? = nil, normalize: Bool? = nil, dimensions: Int? = nil, prompt: EmbeddingPrompt = .usual,
        truncatePromptTokens: Int? = nil
    ) {
        self.pooling = pooling
        self.normalize = normalize
        self.dimensions = dimensions
        self.prompt = prompt
        self.truncatePromptTokens = truncatePromptTokens
    }
}

/// What is put before the texts that are embedded, such as "query: "; never before token ids.
public enum EmbeddingPrompt: Sendable, Hashable {
    /// The model's default, which may be nothing.
    case usual
    /// The one that the model's files give this name.
    case named(String)
    /// This text.
    case text(String)
}

/// What came of a text: one vector of the model's width, or of fewer elements where that was asked for.
public struct EmbeddingOutput: Sendable, Hashable {
    /// The pooled hidden states after the last norm, and after what the model has after those; of length 1 where that was
    /// asked for.
    public let embedding: [Float]
    /// Tokens counted; nothing of an embedding is cached or generated.
    public let usage: Usage
}

/// A text to embed, checked and resolved.
public struct PreparedEmbedding: Sendable {
    let request: PoolingRequest
    let projection: [DenseLayer]
    let dimensions: Int?
    let normalizes: Bool

    /// The vector that the text's pooled states become.
    func vector(_ pooled: [Double]) -> [Float] {
        var vector = pooled
        for layer in projection { vector = layer(vector) }
        if let dimensions { vector = Array(vector.prefix(dimensions)) }
        var square = 0.0
        for element in vector { square += element * element }
        let length = normalizes && square > 0 ? square.squareRoot() : 1
        return vector.map { Float($0 / length) }
    }
}
