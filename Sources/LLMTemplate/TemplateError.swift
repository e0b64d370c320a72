public import Foundation
import LLMJSON

/// Why a chat template could not be read, or a conversation not be written with it.
///
/// The message is one line: the file or the place in the template, what is wrong with it, and what to do.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible, LocalizedError {
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
        /// A JSON file with templates or special tokens is damaged.
        public static let malformedConfiguration = Code(description: "malformedConfiguration")
        /// The text of a chat template is no template.
        public static let malformedTemplate = Code(description: "malformedTemplate")
        /// A chat template could not be rendered: an expression without a value, or a limit.
        public static let templateFailed = Code(description: "templateFailed")
        /// The chat template itself refuses the messages.
        public static let messagesRefused = Code(description: "messagesRefused")
        /// A conversation is no JSON, or has no final message to continue.
        public static let malformedConversation = Code(description: "malformedConversation")
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

extension TemplateError: BoundedFileError {
    package init(unreadable message: String) { self.init(.fileUnreadable, message) }
    package init(tooLarge message: String) { self.init(.fileTooLarge, message) }
}

/// A file of chat templates.
typealias BoundedFile = LLMJSON.BoundedFile<TemplateError>
