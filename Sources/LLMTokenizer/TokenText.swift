/// What one token id adds to a decoded text.
public enum TokenText: Sendable, Hashable {
    /// Nothing: the id is outside the vocabulary.
    case nothing
    /// Whole characters. A space in front of the first one falls to the tokenizer's `leadingSpace` rule.
    case text(String)
    /// Whole characters that keep their leading space wherever they stand.
    case verbatim(String)
    /// One byte of a character; bytes in a row are read as UTF-8.
    case byte(UInt8)
    /// Bytes that may begin or end inside a character; read as UTF-8 together with those of their neighbours.
    case bytes([UInt8])
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
    /// One space is dropped from the first piece.
    case dropOne
    /// Each piece loses one space until there is text: the rule of models that fold spaces
    /// (`remove_extra_whitespaces`).
    case dropUntilText
    /// Up to so many spaces are dropped from the beginning of the text, whatever tokens they come from: the decoder
    /// `Strip` of a `tokenizer.json`.
    case strip(Int)
}

/// How the texts of tokens become one text.
public struct DecodingRules: Sendable, Hashable {
    /// How bytes that are no UTF-8 are shown.
    public enum InvalidBytes: Sendable, Hashable {
        /// U+FFFD for each byte, as SentencePiece does.
        case eachByte
        /// One U+FFFD for each sequence that begins a character and breaks off, as Rust's and Python's decoders do.
        case eachSequence
    }

    /// What becomes of a space that opens the text.
    public var leadingSpace = LeadingSpace.keep
    /// How many spaces, at most, the text loses at its end.
    public var trailingSpaces = 0
    /// How bytes that are no UTF-8 are shown.
    public var invalidBytes = InvalidBytes.eachByte
    /// Whether a token that adds nothing, such as a special token that is left out, ends a character whose bytes are
    /// not complete; otherwise its two sides are neighbours.
    public var hiddenTokensSeparate = true

    /// The rules of SentencePiece, but for the leading space.
    public init(leadingSpace: LeadingSpace = .keep) { self.leadingSpace = leadingSpace }
}
