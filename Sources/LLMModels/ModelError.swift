/// Why a model cannot be made from a config and its tensors.
///
/// The message is one line that names the file, the key, the value and its limit, and says what to do.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added, so a `switch` over them needs a `default`.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The kind's stable name.
        public let rawValue: String

        /// A kind by its stable name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// There is no config, or it cannot be read.
        public static let notFound = Code(rawValue: "not_found")
        /// The config is no JSON object, lacks a key or has a value out of range.
        public static let invalidConfig = Code(rawValue: "invalid_config")
        /// The model needs something that the engine does not have.
        public static let unsupported = Code(rawValue: "unsupported")
        /// A tensor is missing or has another shape than the config says.
        public static let invalidWeights = Code(rawValue: "invalid_weights")
    }

    /// The kind of failure, for programs.
    public let code: Code
    /// What, why and what to do, for people.
    public let message: String

    /// A failure of kind `code`, told by `message`.
    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
