import Foundation
import LLMWeights

/// What a GGUF file is, read from its header and metadata.
public struct GGUFInspection: Sendable, Encodable {
    /// The file's name.
    public let name: String
    /// `GGUF`.
    public let format: String
    /// The format's version.
    public let version: Int
    /// `general.architecture`, such as `llama`; nil where the file does not say.
    public let architecture: String?
    /// Keys of the metadata.
    public let metadataKeys: Int
    /// `tokenizer.ggml.model`, such as `gpt2`; nil where the file has no vocabulary.
    public let tokenizerModel: String?
    /// `tokenizer.ggml.pre`, the name of the pre-tokenizer; nil where the file does not say.
    public let preTokenizer: String?
    /// Tokens of the vocabulary.
    public let vocabularySize: Int
    /// Tensors.
    public let tensors: Int
    /// Stored element types, the largest share first.
    public let types: [ModelInspection.StoredType]
    /// Elements of all tensors.
    public let parameters: Int
    /// Bytes of all tensors.
    public let bytes: Int
    /// Bytes of the file.
    public let fileBytes: Int

    /// Reads the GGUF file that `path` names (``ModelLocator``); nil where it names a folder or a file of another format.
    ///
    /// - Throws: ``LLMGenError`` where there is nothing, or where the file is corrupt.
    public init?(_ path: String) throws(LLMGenError) {
        let location = try ModelLocator.location(path)
        guard try location.isGGUF() else { return nil }
        do {
            let file = try GGUFFile(path: location.weights.path)
            let metadata = file.metadata
            func text(_ key: String) throws(WeightsError) -> String? {
                metadata.type(of: key) == nil ? nil : try metadata.string(key)
            }
            name = location.weights.lastPathComponent
            format = "GGUF"
            version = file.version
            architecture = try text("general.architecture")
            metadataKeys = metadata.keys.count
            tokenizerModel = try text("tokenizer.ggml.model")
            preTokenizer = try text("tokenizer.ggml.pre")
            vocabularySize = try metadata.count(ofList: "tokenizer.ggml.tokens")
            tensors = file.tensors.count
            types = ModelInspection.types(file.tensors)
            parameters = file.parameterCount
            bytes = file.byteCount
            fileBytes = file.file.count
        } catch {
            throw LLMGenError(error)
        }
    }
}

extension ModelLocation {
    /// Whether the weights are one file, in the GGUF format. - Throws: ``LLMGenError`` where it cannot be read.
    func isGGUF() throws(LLMGenError) -> Bool {
        guard weights != folder else { return false }
        do {
            return try WeightFile.isGGUF(weights.path)
        } catch {
            throw LLMGenError(error)
        }
    }
}
