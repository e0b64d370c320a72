/// Why a request was refused. A refusal leaves the scheduler as it was.
public struct AdmissionError: Error, Hashable, CustomStringConvertible {
    /// The kinds of refusal.
    public enum Code: String, Sendable {
        /// A live sequence has the id.
        case duplicateID
        /// The prompt has no token.
        case emptyPrompt
        /// The prompt alone reaches the model's length.
        case promptTooLong
        /// `maxTokens` is less than 1.
        case maxTokensOutOfRange
        /// `minTokens` is negative or more than may be generated.
        case minTokensOutOfRange
        /// Prompt and `maxTokens` together pass the model's length.
        case sequenceTooLong
        /// All blocks together could not hold the sequence.
        case neverFits
    }

    /// The kind.
    public let code: Code
    /// What, why and what to do, with the numbers, in one line.
    public let message: String
    /// The message.
    public var description: String { message }
}
