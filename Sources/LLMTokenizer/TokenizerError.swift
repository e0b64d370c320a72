public import LLMJSON

/// Why a tokenizer could not be loaded, or a text not be encoded: the file or the text, what is wrong with it, and what to do.
public typealias TokenizerError = CodedError<TokenizerFailure>

/// The room whose failures TokenizerErrors are.
public enum TokenizerFailure: ErrorRoom {}

extension TokenizerError.Code {
    /// The vocabulary file is empty, truncated or damaged.
    public static var malformedModel: Self { Self("malformed_model") }
    /// A JSON file of the tokenizer is damaged or contradicts the vocabulary.
    public static var malformedConfiguration: Self { Self("malformed_configuration") }
    /// The text is longer than can be encoded at once.
    public static var textTooLong: Self { Self("text_too_long") }
    /// The vocabulary cannot express the text.
    public static var encodingFailed: Self { Self("encoding_failed") }
}

/// A file of a tokenizer.
typealias BoundedFile = LLMJSON.BoundedFile<TokenizerFailure>
