/// How the hidden states of a text's tokens become one vector.
public enum Pooling: String, Sendable, CaseIterable {
    /// Their mean: a float64 sum in the order of the positions, from the first, over their number.
    case mean
    /// The last token's, which has seen all before it.
    case last
}

/// What came of a text: one vector of the model's width.
public struct EmbeddingOutput: Sendable, Hashable {
    /// The pooled hidden states after the last norm, `[hidden]`; of length 1 where that was asked for.
    public let embedding: [Float]
    /// Tokens counted; nothing of an embedding is cached or generated.
    public let usage: Usage
}
