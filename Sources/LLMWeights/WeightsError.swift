import LLMJSON

/// What went wrong with a checkpoint.
///
/// The message is one line that names the file, the field, the value and its limit, and says what to do.
public struct WeightsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added, so a `switch` over them needs a `default`.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The kind's stable name.
        public let rawValue: String

        /// A kind by its stable name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// No file, shard or checkpoint there.
        public static let notFound = Code(rawValue: "not_found")
        /// The operating system refused to open or map the file.
        public static let unreadable = Code(rawValue: "unreadable")
        /// The file breaks its own format.
        public static let corrupt = Code(rawValue: "corrupt")
        /// The file may be sound, but holds something that is not read here.
        public static let unsupported = Code(rawValue: "unsupported")
        /// The file's metadata lack a key, or have a value there that cannot be used.
        public static let invalidMetadata = Code(rawValue: "invalid_metadata")
        /// The checkpoint does not hold the tensor asked for, or one its index promises.
        public static let missingTensor = Code(rawValue: "missing_tensor")
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

extension WeightsError {
    static func corrupt(_ file: String, _ reason: String) -> WeightsError {
        WeightsError(
            code: .corrupt,
            message: "\(file.quoted): \(reason); the file is damaged or cut short: download or convert it again")
    }

    static func corrupt(_ file: String, _ error: JSONError) -> WeightsError { corrupt(file, error.message) }
}

/// The first few of `names` for a message, and how many more there are.
func listed(_ names: some Collection<String>) -> String {
    let shown = names.prefix(3).map(\.quoted).joined(separator: ", ")
    return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
}
