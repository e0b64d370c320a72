/// How the hidden states of a text's tokens become one vector, as sentence-transformers' `Pooling` does it.
public enum Pooling: String, Sendable, CaseIterable {
    /// Their mean: a float64 sum in the order of the positions, from the first, over their number.
    case mean
    /// The same sum over the root of their number.
    case meanOverRoot = "mean_sqrt_len_tokens"
    /// Their mean weighted by position, the first one's weight 1.
    case weightedMean = "weightedmean"
    /// The largest value of each element.
    case max
    /// The first token's.
    case first = "cls"
    /// The last token's, which has seen all before it.
    case last
}
