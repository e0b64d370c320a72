public import Foundation
import LLMJSON

/// Why a tokenizer could not be loaded, or a text not be encoded.
///
/// The message is one line: the file or the text, what is wrong with it, and what to do.
public struct TokenizerError: Error, Sendable, Hashable, CustomStringConvertible, LocalizedError {
    /// The kind of a failure. More kinds may come, so a switch over codes needs a default.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The code's name, stable across releases.
        public let description: String

        /// There is no such file.
        public static let fileNotFound = Code(description: "fileNotFound")
        /// The file is there but cannot be read: no permission, a folder, a device.
        public static let fileUnreadable = Code(description: "fileUnreadable")
        /// The file is larger than any such file can be.
        public static let fileTooLarge = Code(description: "fileTooLarge")
        /// The vocabulary file is empty, truncated or damaged.
        public static let malformedModel = Code(description: "malformedModel")
        /// A JSON file of the tokenizer is damaged or contradicts the vocabulary.
        public static let malformedConfiguration = Code(description: "malformedConfiguration")
        /// The file is sound but asks for what llmgen cannot do.
        public static let unsupported = Code(description: "unsupported")
        /// The text is longer than can be encoded at once.
        public static let textTooLong = Code(description: "textTooLong")
        /// The vocabulary cannot express the text.
        public static let encodingFailed = Code(description: "encodingFailed")
    }

    /// The kind of failure.
    public let code: Code
    /// What is wrong, why, and what to do, in one line.
    public let message: String

    /// An error of kind `code`; line breaks in `message` become spaces.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// The message.
    public var description: String { message }

    /// The message.
    public var errorDescription: String? { message }
}

extension TokenizerError: BoundedFileError {
    package init(unreadable message: String) { self.init(.fileUnreadable, message) }
    package init(tooLarge message: String) { self.init(.fileTooLarge, message) }
}

/// A file of a tokenizer.
typealias BoundedFile = LLMJSON.BoundedFile<TokenizerError>
