import Foundation
import LLMModels
import LLMTokenizer
import LLMWeights

/// What a checkpoint is, read from its config and its headers without loading the weights.
public struct ModelInspection: Sendable, Encodable {
    /// A type of stored elements, and how much of the checkpoint has it.
    public struct StoredType: Sendable, Encodable {
        /// The name in the file, such as `BF16`.
        public let dtype: String
        /// Tensors of the type.
        public let tensors: Int
        /// Elements of the type.
        public let parameters: Int
        /// Bytes of the type.
        public let bytes: Int
    }

    /// The sizes of a model that the engine can run.
    public struct Sizes: Sendable, Encodable {
        /// Transformer layers.
        public let layers: Int
        /// Width of the residual stream.
        public let hiddenSize: Int
        /// Query heads.
        public let heads: Int
        /// Key and value heads.
        public let kvHeads: Int
        /// Elements of a head.
        public let headDim: Int
        /// Tokens there are logits for.
        public let vocabularySize: Int
        /// Tokens of prompt and output together.
        public let maxPositions: Int
        /// Whether the output head is the embedding.
        public let tiedEmbedding: Bool
        /// Bytes of keys and values for each token in a float32 cache.
        public let kvBytesPerToken: Int
    }

    /// The folder's name.
    public let name: String
    /// `architectures` of the config.
    public let architectures: [String]
    /// The sizes; nil for an architecture that the engine does not have.
    public let sizes: Sizes?
    /// Why the engine cannot run the model; nil where it can.
    public let unsupported: String?
    /// Weight files.
    public let files: [String]
    /// Stored element types, the largest share first.
    public let types: [StoredType]
    /// Elements of all tensors.
    public let parameters: Int
    /// Bytes of all tensors.
    public let bytes: Int
    /// Whether the folder has a tokenizer that the engine reads.
    public let hasTokenizer: Bool
    /// The file that the tokenizer is in; nil where there is none.
    public let tokenizer: String?

    /// Reads the model that `path` names (``ModelLocator``). - Throws: ``LLMGenError`` where there is no checkpoint, or a
    /// corrupt one.
    public init(_ path: String) throws(LLMGenError) {
        let location = try ModelLocator.location(path)
        let folder = location.folder
        name = folder.resolvingSymlinksInPath().lastPathComponent
        do {
            let config = try ConfigFile(path: folder.appending(path: "config.json").path)
            architectures = try config.strings("architectures")
            let checkpoint = try Checkpoint(path: location.weights.path)
            files = checkpoint.files
            types = ModelInspection.types(checkpoint.tensors)
            parameters = checkpoint.parameterCount
            bytes = checkpoint.byteCount
            (sizes, unsupported) = try ModelInspection.sizes(config)
        } catch let error as ModelError {
            throw LLMGenError(error)
        } catch let error as WeightsError {
            throw LLMGenError(error)
        } catch {
            throw LLMGenError(code: .failed, message: "\(error)", cause: error)
        }
        tokenizer = TokenizerFile.name(in: folder)
        hasTokenizer = tokenizer != nil
    }

    private static func sizes(_ config: ConfigFile) throws(ModelError) -> (Sizes?, String?) {
        do throws(ModelError) {
            let model = try Architectures.entry(config).type.dimensions(config)
            let sizes = Sizes(
                layers: model.layers, hiddenSize: model.hiddenSize, heads: model.heads, kvHeads: model.kvHeads,
                headDim: model.headDim, vocabularySize: model.vocabularySize, maxPositions: model.maxPositions,
                tiedEmbedding: model.tiedEmbedding,
                kvBytesPerToken: model.kvShape(blockSize: 16, dtype: .float32).blockByteCount / 16)
            return (sizes, nil)
        } catch {
            guard error.code == .unsupported else { throw error }
            return (nil, error.message)
        }
    }

    static func types(_ tensors: [TensorInfo]) -> [StoredType] {
        Dictionary(grouping: tensors, by: \.dtypeName)
            .map { dtype, tensors in
                StoredType(
                    dtype: dtype, tensors: tensors.count, parameters: tensors.reduce(0) { $0 + $1.elementCount },
                    bytes: tensors.reduce(0) { $0 + $1.byteCount })
            }
            .sorted { ($1.bytes, $0.dtype) < ($0.bytes, $1.dtype) }
    }
}
