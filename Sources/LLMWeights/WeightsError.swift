public import LLMJSON

/// What went wrong with a checkpoint: the file, the field, the value and its limit, and what to do.
public typealias WeightsError = CodedError<WeightsFailure>

/// The room whose failures WeightsErrors are.
public enum WeightsFailure: ErrorRoom {}

extension WeightsError.Code {
    /// The file breaks its own format.
    public static var corrupt: Self { Self("corrupt") }
    /// The file's metadata lack a key, or have a value there that cannot be used.
    public static var invalidMetadata: Self { Self("invalid_metadata") }
    /// The checkpoint does not hold the tensor asked for, or one its index promises.
    public static var missingTensor: Self { Self("missing_tensor") }
}

extension WeightsError {
    static func corrupt(_ file: String, _ reason: String) -> WeightsError {
        WeightsError(
            .corrupt,
            "\(file.quoted): \(reason); the file is damaged or cut short: download or convert it again")
    }

    static func corrupt(_ file: String, _ error: JSONError) -> WeightsError { corrupt(file, error.message) }
}

/// The first few of `names` for a message, and how many more there are.
func listed(_ names: some Collection<String>) -> String {
    let shown = names.prefix(3).map(\.quoted).joined(separator: ", ")
    return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
}
