import LLMJSON
import LLMSampling
package import LLMScheduling

/// What went wrong in the engine: the one error of the library.
///
/// The message is one line that names the value and the limit and says what to do.
public struct LLMGenError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added, so a `switch` over them needs a `default`.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The kind's stable name.
        public let rawValue: String

        /// A kind by its stable name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A parameter or an option has a value out of its range.
        public static let invalidArgument = Code(rawValue: "invalid_argument")
        /// A prompt or a file is not what it must be: empty, too long, corrupt, not supported.
        public static let invalidInput = Code(rawValue: "invalid_input")
        /// A prompt, by itself or with the tokens that are to follow, is longer than the model or the engine takes.
        public static let contextLengthExceeded = Code(rawValue: "context_length_exceeded")
        /// There is no such file or model.
        public static let notFound = Code(rawValue: "not_found")
        /// A request could not be computed.
        public static let failed = Code(rawValue: "failed")
        /// The waiting queue is full; see ``LLMGenError/retryAfter``.
        public static let overloaded = Code(rawValue: "overloaded")
        /// The engine finishes what it has and takes no more.
        public static let draining = Code(rawValue: "draining")
        /// An all-or-nothing request, such as an embedding, timed out.
        public static let timedOut = Code(rawValue: "timed_out")
        /// An all-or-nothing request, such as an embedding, was aborted.
        public static let aborted = Code(rawValue: "aborted")
        /// The engine was shut down before the request was done.
        public static let shutDown = Code(rawValue: "shut_down")
    }

    /// The kind of failure, for programs.
    public let code: Code
    /// What, why and what to do, for people.
    public let message: String
    /// The error beneath, where there is one.
    public let cause: (any Error)?
    /// The field of the request that is at fault, by its wire name, where it is one.
    public let field: String?
    /// For `overloaded`, an estimate of when there will be room.
    public let retryAfter: Duration?

    /// A failure of kind `code`, told by `message`.
    public init(
        code: Code, message: String, cause: (any Error)? = nil, field: String? = nil, retryAfter: Duration? = nil
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.field = field
        self.retryAfter = retryAfter
    }

    /// The message.
    public var description: String { message }
}

extension LLMGenError {
    /// The error of a room below, kept as the cause.
    init(_ error: any RoomError) {
        self.init(code: error.isNotFound ? .notFound : .invalidInput, message: error.message, cause: error)
    }

    /// What `body` returns; the error of any room becomes one of the library's.
    static func rethrowing<Value>(_ body: () throws -> Value) throws(LLMGenError) -> Value {
        do {
            return try body()
        } catch let error as LLMGenError {
            throw error
        } catch let error as any RoomError {
            throw LLMGenError(error)
        } catch let error as SamplingError {
            throw LLMGenError(error)
        } catch {
            throw LLMGenError(code: .failed, message: "\(error)", cause: error)
        }
    }

    package init(_ error: SamplingError) {
        let isAboutRow = error.code == .noCandidates || error.code == .processorFailed
        self.init(
            code: isAboutRow ? .failed : .invalidArgument, message: error.message, cause: error, field: error.field)
    }

    package init(_ error: SchedulerOptionError) {
        self.init(code: .invalidArgument, message: error.message, cause: error)
    }

    package init(_ error: AdmissionError) {
        // The prompt is data; the rest is what was asked for it.
        let code: Code =
            switch error.code {
            case .emptyPrompt: .invalidInput
            case .promptTooLong, .sequenceTooLong: .contextLengthExceeded
            case .queueFull: .overloaded
            default: .invalidArgument
            }
        let field: String? =
            switch error.code {
            case .emptyPrompt, .promptTooLong: "prompt"
            case .maxTokensOutOfRange, .sequenceTooLong: "max_tokens"
            case .minTokensOutOfRange: "min_tokens"
            default: nil
            }
        self.init(
            code: code, message: error.message, cause: error, field: field,
            retryAfter: error.retryAfterNanoseconds.map { .nanoseconds($0) })
    }
}

extension LLMGenError: JSONFieldFailure {
    package init(field: String, message: String, code: String) {
        self.init(code: .invalidInput, message: message, field: field)
    }
}
