/// Why a request was refused. A refusal leaves the scheduler as it was.
public struct AdmissionError: Error, Hashable, CustomStringConvertible {
    /// The kinds of refusal.
    public enum Code: String, Sendable {
        /// A live sequence has the id.
        case duplicateID
        /// The prompt has no token.
        case emptyPrompt
        /// The prompt leaves no room in the model's length for what it is to yield.
        case promptTooLong
        /// `maxTokens` is less than 1.
        case maxTokensOutOfRange
        /// `minTokens` is negative or more than may be generated.
        case minTokensOutOfRange
        /// Prompt and `maxTokens` together pass the model's length.
        case sequenceTooLong
        /// All blocks, or all places, together could not hold the request.
        case neverFits
        /// The waiting queue is full.
        case queueFull
    }

    /// The kind.
    public let code: Code
    /// What, why and what to do, with the numbers, in one line.
    public let message: String
    /// For `queueFull`, an estimate of when there will be room, in nanoseconds from now.
    public let retryAfterNanoseconds: Int64?

    init(code: Code, message: String, retryAfterNanoseconds: Int64? = nil) {
        self.code = code
        self.message = message
        self.retryAfterNanoseconds = retryAfterNanoseconds
    }

    /// The message.
    public var description: String { message }
}
