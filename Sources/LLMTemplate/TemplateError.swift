public import LLMJSON

/// Why a chat template could not be read, or a conversation not be written with it: the file or the place in the template, what is wrong with it, and what to do.
public typealias TemplateError = CodedError<TemplateFailure>

/// The room whose failures TemplateErrors are.
public enum TemplateFailure: ErrorRoom {}

extension TemplateError.Code {
    /// A JSON file with templates or special tokens is damaged.
    public static var malformedConfiguration: Self { Self("malformed_configuration") }
    /// The text of a chat template is no template.
    public static var malformedTemplate: Self { Self("malformed_template") }
    /// A chat template could not be rendered: an expression without a value.
    public static var templateFailed: Self { Self("template_failed") }
    /// A chat template takes more steps, memory or depth than it may.
    public static var limitReached: Self { Self("limit_reached") }
    /// The chat template itself refuses the messages.
    public static var messagesRefused: Self { Self("messages_refused") }
    /// A conversation is no JSON, or has no final message to continue.
    public static var malformedConversation: Self { Self("malformed_conversation") }
}

/// A file of chat templates.
typealias BoundedFile = LLMJSON.BoundedFile<TemplateFailure>
