/// What a request continues: a text, or token ids that are used as they are.
public enum Prompt: Sendable, Hashable, ExpressibleByStringLiteral {
    /// A text, encoded with the special tokens that the tokenizer's files ask for.
    case text(String)
    /// Token ids, used as given; no BOS is added.
    case tokenIDs([TokenID])

    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
}
