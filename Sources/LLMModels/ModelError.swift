public import LLMJSON

/// Why a model cannot be made from a config and its tensors: the file, the key, the value and its limit, and what to do.
public typealias ModelError = CodedError<ModelFailure>

/// The room whose failures ModelErrors are.
public enum ModelFailure: ErrorRoom {}

extension ModelError.Code {
    /// The config is no JSON object, lacks a key or has a value out of range.
    public static var invalidConfig: Self { Self("invalid_config") }
    /// A tensor is missing or has another shape than the config says.
    public static var invalidWeights: Self { Self("invalid_weights") }
}
