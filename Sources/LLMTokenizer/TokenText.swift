/// What one token id adds to a decoded text.
public enum TokenText: Sendable, Hashable {
    /// Nothing: the id is outside the vocabulary. It still separates the byte runs on its two sides.
    case nothing
    /// Whole characters. A space in front of the first one falls to the tokenizer's `leadingSpace` rule.
    case text(String)
    /// Whole characters that keep their leading space wherever they stand.
    case verbatim(String)
    /// One byte of a character; bytes in a row are read as UTF-8.
    case byte(UInt8)
    /// The name of a special token: shown only where special tokens are wanted.
    case special(String)
}

/// What decoding does with a space that opens a text.
///
/// SentencePiece puts a space in front of what it encodes, so that a word has the same piece wherever it stands;
/// decoding takes it away again.
public enum LeadingSpace: Sendable, Hashable {
    /// The space is text.
    case keep
    /// One space is dropped.
    case dropOne
    /// Each piece loses one space until there is text: the rule of models that fold spaces
    /// (`remove_extra_whitespaces`).
    case dropUntilText
}
