import Foundation
import LLMModels
import LLMTokenizer
public import LLMWeights

/// How a checkpoint is quantized.
public typealias Quantization = LLMWeights.Quantization

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
        /// What its matrices are packed as unless asked otherwise, such as `q4_k`; nil where the type is not read.
        public let packing: String?
        /// Whether they are packed as something else than they are stored as.
        public let isRepacked: Bool
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
        /// Bytes of keys and values for each token in a float32 cache; 0 of an encoder, which caches nothing.
        public let kvBytesPerToken: Int
        /// Bytes of the states of recurrent layers for each sequence; 0 where there are no such layers.
        public let stateBytesPerSequence: Int
        /// What the layers cache, by kinds of layers.
        public let kvLayers: [CachedLayers]
        /// Whether it predicts tokens, and so generates text.
        public let predictsTokens: Bool
        /// Labels that it scores texts with; nil for a model that does not.
        public let labels: Int?
    }

    /// Layers that cache the same of a token, for equally long.
    public struct CachedLayers: Sendable, Encodable {
        /// Layers of the kind.
        public let layers: Int
        /// Elements that each of them caches of a token, keys and values together.
        public let elementsPerToken: Int
        /// Tokens that are kept, the last ones; nil for all.
        public let window: Int?
    }

    /// The name of the folder, or of the GGUF file.
    public let name: String
    /// The weight files' format: `safetensors` or `GGUF`.
    public let format: String
    /// `architectures` of the config; none where a GGUF file's metadata make no config.
    public let architectures: [String]
    /// The sizes; nil for a model that the engine cannot run.
    public let sizes: Sizes?
    /// Why the engine cannot run the model; nil where it can.
    public let unsupported: String?
    /// What is wrong with the files that say how it reads, embeds and scores texts, a line each; it runs without them.
    public let unsupportedParts: [String]
    /// How it embeds texts; nil for a model that generates or scores, unless its files say it, and where these are at fault.
    public let embedding: Embedding?
    /// How it scores pairs; nil for a model that does not, or only by comparing vectors, and where its files are at fault.
    public let reranking: Reranking?
    /// How a folder's weights are quantized; nil where they are not, and for a GGUF file, whose types say it.
    public let quantization: Quantization?
    /// Weight files.
    public let files: [String]
    /// Stored element types, the largest share first.
    public let types: [StoredType]
    /// Tensors.
    public let tensors: Int
    /// Elements of all tensors.
    public let parameters: Int
    /// Bytes of all tensors.
    public let bytes: Int
    /// Whether there is a tokenizer that the engine reads.
    public let hasTokenizer: Bool
    /// The file that the tokenizer is in; nil where there is none.
    public let tokenizer: String?

    /// The GGUF format's version; this and the following are nil for a folder.
    public let version: Int?
    /// `general.architecture`, such as `llama`; nil where the file does not say.
    public let architecture: String?
    /// Keys of the metadata.
    public let metadataKeys: Int?
    /// `tokenizer.ggml.model`, such as `gpt2`; nil where the file has no vocabulary.
    public let tokenizerModel: String?
    /// `tokenizer.ggml.pre`, the name of the pre-tokenizer; nil where the file does not say.
    public let preTokenizer: String?
    /// Tokens of the vocabulary.
    public let vocabularySize: Int?
    /// Bytes of the file, or of all parts.
    public let fileBytes: Int?

    /// Reads the model that `path` names (``ModelLocator``). - Throws: ``LLMGenError`` where there is no checkpoint, or a
    /// corrupt one.
    public init(_ path: String) throws(LLMGenError) {
        let source = try ModelLocator.source(path)
        name = source.name
        let contents = try source.contents()
        files = contents.files
        quantization = contents.quantization
        types = ModelInspection.types(contents.tensors)
        tensors = contents.tensors.count
        parameters = contents.tensors.reduce(0) { $0 + $1.elementCount }
        bytes = contents.tensors.reduce(0) { $0 + $1.byteCount }
        tokenizer = source.tokenizerName
        hasTokenizer = tokenizer != nil

        let gguf = contents.gguf
        func text(_ key: String) throws(LLMGenError) -> String? {
            guard let values = gguf?.metadata, values.type(of: key) != nil else { return nil }
            return try LLMGenError.rethrowing { try values.string(key) }
        }
        format = gguf == nil ? "safetensors" : "GGUF"
        version = gguf?.version
        architecture = try text("general.architecture")
        metadataKeys = gguf?.metadata.keys.count
        tokenizerModel = try text("tokenizer.ggml.model")
        preTokenizer = try text("tokenizer.ggml.pre")
        vocabularySize = try LLMGenError.rethrowing {
            try gguf?.metadata.count(ofList: "tokenizer.ggml.tokens")
        }
        fileBytes = gguf?.files.reduce(0) { $0 + $1.count }

        let texts: Texts
        do throws(LLMGenError) {
            let config = try source.config()
            let model = try ModelInspection.model(source, config)
            architectures = model.0
            (sizes, unsupported) = contents.refusal.map { (nil, $0) } ?? (model.1, model.2)
            texts = Texts(source, config, sizes)
        } catch {
            // A GGUF file is worth showing also where its metadata make no config.
            guard gguf != nil else { throw error }
            (architectures, sizes, unsupported) = ([], nil, error.message)
            texts = Texts()
        }
        embedding = texts.embedding
        reranking = texts.reranking
        unsupportedParts = texts.faults
    }

    private static func model(
        _ source: any ModelSource, _ config: ConfigFile
    ) throws(LLMGenError) -> ([String], Sizes?, String?) {
        try LLMGenError.rethrowing {
            let (sizes, unsupported) = try sizes(config, try? source.tensors())
            return (try config.strings("architectures"), sizes, unsupported)
        }
    }

    private static func sizes(
        _ config: ConfigFile, _ tensors: (any NamedTensors)?
    ) throws(ModelError) -> (Sizes?, String?) {
        do throws(ModelError) {
            let description = try Architectures.architecture(config).describe(config, tensors)
            let model = description.dimensions
            let sizes = Sizes(
                layers: model.layers, hiddenSize: model.hiddenSize, heads: model.heads, kvHeads: model.kvHeads,
                headDim: model.headDim, vocabularySize: model.vocabularySize, maxPositions: model.maxPositions,
                tiedEmbedding: model.tiedEmbedding,
                kvBytesPerToken: description.cacheLayout.tokenByteCount(.float32),
                stateBytesPerSequence: description.cacheLayout.stateByteCount,
                kvLayers: description.cacheLayout.groups.map {
                    CachedLayers(layers: $0.layers, elementsPerToken: $0.entry.elementCount, window: $0.window)
                },
                predictsTokens: description.predictsTokens, labels: description.labels)
            return (sizes, nil)
        } catch {
            // Weights that do not fit the config are worth showing too.
            guard error.code == .unsupported || error.code == .invalidWeights else { throw error }
            return (nil, error.message)
        }
    }

    static func types(_ tensors: [TensorInfo]) -> [StoredType] {
        Dictionary(grouping: tensors, by: \.dtypeName)
            .map { dtype, tensors in
                let stored = tensors[0].dtype
                return StoredType(
                    dtype: dtype, tensors: tensors.count, parameters: tensors.reduce(0) { $0 + $1.elementCount },
                    bytes: tensors.reduce(0) { $0 + $1.byteCount }, packing: stored.map { "\($0.packing)" },
                    isRepacked: stored.map { !$0.isPackedAsStored } ?? false)
            }
            .sorted { ($1.bytes, $0.dtype) < ($0.bytes, $1.dtype) }
    }
}
