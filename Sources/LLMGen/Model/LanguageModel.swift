public import Foundation
import LLMModels
public import LLMSampling
public import LLMTensor
public import LLMTokenizer
import LLMWeights
import Logging

/// A model in memory, ready for an ``Engine``: weights, tokenizer and the model's own sampling defaults.
///
/// Several engines may use one model at a time, each with its own cache; the model's threads serve them in turn.
public final class LanguageModel: Sendable {
    /// The name that outputs carry: that of the folder, or of the GGUF file.
    public let name: String
    /// The folder that the model's files are in.
    public let folder: URL
    /// The architecture's name in `config.json`, such as `LlamaForCausalLM`.
    public let architectureName: String
    /// Text to tokens and back; nil where the model has no tokenizer, so that prompts must be token ids.
    public let tokenizer: (any Tokenizer)?
    /// How conversations are written for the model: its chat template.
    public let chatFormat: ChatFormat
    /// Tokens that end a text.
    public let eosTokens: [TokenID]
    /// What the model's `generation_config.json` recommends.
    public let samplingDefaults: SamplingParameters
    /// The arithmetic of most weights.
    public let arithmetic: Arithmetic
    /// The type of cached keys and values where an engine's options name none: float32 where that is the arithmetic, or
    /// was asked for, else bfloat16.
    public let automaticKVCacheDtype: KVCacheDtype
    /// What the weights were quantized to; nil where they are as stored.
    public let quantization: Packing?
    /// Seconds that loading took.
    public let loadSeconds: Double
    /// What the model can be asked for.
    public let tasks: Set<ModelTask>
    let network: Network
    /// The output formats asked for lately.
    let grammars = GrammarCache()
    private let embedding: Result<EmbeddingFormat, LLMGenError>
    private let scoring: Result<PairScorer?, LLMGenError>
    /// Where the model computes.
    package let compute: Compute

    /// Tokens there are logits for.
    public var vocabularySize: Int { network.dimensions.vocabularySize }
    /// Width of the hidden states: elements of an embedding.
    public var hiddenSize: Int { network.dimensions.hiddenSize }
    /// Tokens of prompt and output together that the model was made for.
    public var maxPositions: Int { network.dimensions.maxPositions }
    /// The packed weights of its linear layers, the output head's last.
    package var linearLayers: [PackedWeights] { network.linearLayers }
    /// The CPU level in use.
    public var cpuFeatures: CPUFeatures { compute.features }
    /// Threads that compute.
    public var threads: Int { compute.pool.threads }
    /// The GEMM backend of linear layers.
    public var gemm: GEMM { compute.gemm }

    /// Loads a model from a folder in Hugging Face's layout, from one weights file in such a folder, from a GGUF file, or
    /// a bundled or installed one by its name (``ModelLocator``).
    ///
    /// - Throws: ``LLMGenError`` `notFound` or `invalidInput`, naming the file, the field and the value.
    public static func load(
        _ path: String = ModelLocator.bundledModel, _ options: LoadOptions = LoadOptions()
    ) async throws(LLMGenError) -> LanguageModel {
        // Minutes of work for a large model: on a thread of its own, not one of the concurrency runtime's.
        let result: Result<LanguageModel, LLMGenError> = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    returning: Result { () throws(LLMGenError) in
                        try LanguageModel(ModelLocator.source(path), options)
                    })
            }
        }
        return try result.get()
    }

    /// The model of a source, loaded on this thread.
    init(_ source: any ModelSource, _ options: LoadOptions) throws(LLMGenError) {
        let start = ContinuousClock.now
        compute = try options.compute()
        name = source.name
        folder = source.folder
        quantization = options.quantization
        let config = try source.config()
        tokenizer = try source.tokenizer()
        chatFormat = source.chatFormat(tokenizer)
        let generation = try GenerationConfig(source.generationConfig())
        samplingDefaults = generation.defaults
        do {
            architectureName = try Architectures.architecture(config).name
            let tensors: any NamedTensors =
                switch options.loadFormat {
                case .auto: try source.tensors()
                case .dummy: try DummyTensors(config)
                }
            let format = try options.linearFormat(tensors)
            network = try Network(config, tensors, format, on: compute)
            for warning in network.warnings { Logger(label: "llmgen").warning("'\(source.name)': \(warning)") }
            let layers = network.linearLayers
            func count(_ arithmetic: Arithmetic) -> Int { layers.reduce(0) { $0 + $1.count(arithmetic) } }
            let width = network.dimensions.hiddenSize
            embedding = Result { () throws(LLMGenError) in
                try source.embeddingFormat(config, width: width)
            }
            scoring = Result { [network, tokenizer, chatFormat, compute] () throws(LLMGenError) in
                let format = try source.pairFormat(
                    labels: network.labels, predictsTokens: network.predictsTokens,
                    isEncoder: network.isEncoder, config,
                    options.reranker)
                return try format.map { format throws(LLMGenError) in
                    try PairScorer(format, network, name: source.name, tokenizer, chatFormat, on: compute)
                }
            }
            tasks = ModelTask.tasks(network, scoring, embedding)
            arithmetic = Arithmetic.allCases.max { count($0) < count($1) } ?? .float32
            automaticKVCacheDtype =
                arithmetic == .float32 || options.computeDtype == .float32 ? .float32 : .bfloat16
            let configured = try config.integers("eos_token_id", in: 0...Int(Int32.max)).map(TokenID.init)
            let own = generation.eosTokens.isEmpty ? configured : generation.eosTokens
            eosTokens = own + (tokenizer?.eosTokens ?? []).filter { !own.contains($0) }
        } catch let error as LLMGenError {
            throw error
        } catch let error as ModelError {
            throw LLMGenError(error)
        } catch {
            throw LLMGenError(code: .failed, message: "'\(folder.path)': \(error)", cause: error)
        }
        loadSeconds = (ContinuousClock.now - start).seconds
    }

    /// How the model makes the vector of a text.
    ///
    /// - Throws: ``LLMGenError`` where its files of sentence-transformers are damaged or ask for what is not supported; the
    ///   model can generate without them.
    public var embeddingFormat: EmbeddingFormat { get throws(LLMGenError) { try embedding.get() } }

    /// How the model scores pairs; nil for one that embeds, where a score is how alike the vectors of a pair are. - Throws:
    /// ``LLMGenError`` where it does neither.
    func pairScorer() throws(LLMGenError) -> PairScorer? {
        try check(.score)
        return try scoring.get()
    }

    /// What generates. - Throws: ``LLMGenError`` for an encoder.
    func decoder() throws(LLMGenError) -> Decoder {
        if case .decoder(let decoder) = network { return decoder }
        throw LLMGenError(
            code: .invalidInput, message: "'\(name)' is an encoder; a model that generates is needed here")
    }

    /// The token ids of a prompt, as an engine uses them.
    ///
    /// - Parameter addSpecialTokens: whether BOS and EOS are put around a text, as the tokenizer's files ask.
    /// - Throws: ``LLMGenError`` `invalidInput` for an empty text, a model without a tokenizer or an unknown id.
    public func tokens(of prompt: Prompt, addSpecialTokens: Bool = true) throws(LLMGenError) -> [TokenID] {
        switch prompt {
        case .tokenIDs(let ids):
            let size = vocabularySize
            guard let unknown = ids.first(where: { $0 < 0 || Int($0) >= size }) else { return ids }
            throw LLMGenError(
                code: .invalidInput,
                message: "prompt token id \(unknown) is not in the vocabulary, whose ids are 0 to \(size - 1)")
        case .text(let text):
            guard !text.isEmpty else {
                throw LLMGenError(
                    code: .invalidInput, message: "the prompt is empty; give a text of at least one character")
            }
            guard let tokenizer = tokenizer else {
                throw LLMGenError(
                    code: .invalidInput,
                    message:
                        "'\(folder.path)': no \(TokenizerFile.names.joined(separator: " and no ")), so a text cannot be encoded; "
                        + "give the prompt as token ids")
            }
            do {
                return try self.tokens(of: .tokenIDs(tokenizer.encode(text, addSpecialTokens: addSpecialTokens)))
            } catch let error as LLMGenError {
                throw error
            } catch {
                throw LLMGenError(code: .invalidInput, message: "\(error)", cause: error)
            }
        }
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
