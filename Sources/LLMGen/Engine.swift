public import LLMSampling
import LLMScheduling
public import LLMTensor
import LLMTokenizer
import Logging
import Synchronization

/// Generates text with one model: schedules all requests together over a paged cache, on a thread of its own.
///
/// ```swift
/// let model = try await LanguageModel.load()
/// let engine = try Engine(model: model)
/// for try await piece in engine.generate("Once upon a time", try .init(maxTokens: 64)) {
///     print(piece.text, terminator: "")
/// }
/// ```
///
/// The same request gives the same tokens, bit for bit, whatever else the engine is doing. Cancelling the task that reads
/// a request's pieces, or dropping the stream, frees the request's blocks within a step.
public final class Engine: Sendable {
    /// The model that generates.
    public let model: LanguageModel
    /// Blocks of the cache.
    public let kvBlocks: Int
    /// Tokens a block.
    public let blockSize: Int
    /// The type of cached keys and values, chosen.
    public let kvCacheDtype: KVCacheDtype
    /// Memory that the cache takes when all its blocks have been used.
    public let kvCacheMemory: ByteCount
    /// Tokens a sequence may have, prompt and output together.
    public let maxModelLength: Int
    /// Bytes of cached keys and values that a token has, over all layers.
    let kvBytesPerToken: Int
    private let scheduling: SchedulerOptions
    private let inbox = EngineInbox()
    private let nextID = Atomic<UInt64>(0)

    /// Starts an engine. - Throws: ``LLMGenError`` `invalidArgument`, naming the option, its value and its range.
    public init(model: LanguageModel, options: EngineOptions = EngineOptions()) throws(LLMGenError) {
        let sizes = model.architecture.dimensions
        let dtype = options.kvCacheDtype ?? model.automaticKVCacheDtype
        let scheduling = try options.scheduling(sizes, dtype)
        let shape = sizes.kvShape(blockSize: scheduling.blockSize, dtype: dtype)
        self.model = model
        self.scheduling = scheduling
        kvBlocks = scheduling.blockCount
        blockSize = shape.blockSize
        kvCacheDtype = dtype
        kvCacheMemory = ByteCount(bytes: scheduling.blockCount * shape.blockByteCount)
        kvBytesPerToken = shape.blockByteCount / shape.blockSize
        maxModelLength = scheduling.maxModelLength
        if model.gemm == .openblas { Engine.warnOfOpenBLAS }
        EngineLoop.start(EngineCore(model, scheduling, shape), inbox)
    }

    deinit { inbox.post(.shutDown) }

    /// Generates from one prompt, token by token. The last piece has the whole output.
    ///
    /// The stream throws ``LLMGenError``: a prompt that is empty, too long or not in the vocabulary, a request that can
    /// never fit, logits that are no numbers.
    public func generate(
        _ prompt: Prompt, _ parameters: SamplingParameters
    ) -> AsyncThrowingStream<OutputPiece, any Error> {
        streams([prompt], parameters)[0]
    }

    /// Generates from all prompts, token by token; one stream a prompt, in their order. The prompts come to the engine
    /// together: no step is computed before all are there.
    public func streams(
        _ prompts: [Prompt], _ parameters: SamplingParameters
    ) -> [AsyncThrowingStream<OutputPiece, any Error>] {
        let arrival = ContinuousClock.now
        var requests: [EngineRequest] = []
        let streams = prompts.map { prompt in
            let (stream, sink) = AsyncThrowingStream.makeStream(of: OutputPiece.self)
            let id = SequenceID(nextID.add(1, ordering: .relaxed).newValue)
            do throws(LLMGenError) {
                requests.append(
                    EngineRequest(
                        id: id, prompt: try tokens(of: prompt), sampling: try resolve(parameters), sink: sink,
                        arrival: arrival))
                // The stream keeps the engine: a caller may let go of it while pieces are still to come.
                sink.onTermination = { [self] reason in
                    if case .cancelled = reason { inbox.post(.abort(id)) }
                }
            } catch {
                sink.finish(throwing: error)
            }
            return stream
        }
        inbox.post(.add(requests))
        return streams
    }

    /// Generates from one prompt, token by token.
    public func generate(
        _ prompt: String, _ parameters: SamplingParameters
    ) -> AsyncThrowingStream<OutputPiece, any Error> {
        generate(.text(prompt), parameters)
    }

    /// Generates from all prompts together and returns their outputs in the prompts' order.
    ///
    /// - Throws: the first prompt's ``LLMGenError``, or `CancellationError`; the others are cancelled.
    public func generate(_ prompts: [Prompt], _ parameters: SamplingParameters) async throws -> [RequestOutput] {
        var outputs: [RequestOutput] = []
        for stream in streams(prompts, parameters) { outputs.append(try await Engine.output(of: stream)) }
        return outputs
    }

    /// The whole output of a stream of pieces, when it has come.
    public static func output(of pieces: AsyncThrowingStream<OutputPiece, any Error>) async throws -> RequestOutput {
        for try await piece in pieces {
            if let output = piece.output { return output }
        }
        throw CancellationError()
    }

    /// Ends every request now, with what it has and the finish reason `abort`.
    public func abortAll() { inbox.post(.abortAll) }

    /// How full the engine is, as of its next step.
    public func load() async -> EngineLoad {
        await withCheckedContinuation { continuation in
            inbox.post(.load { continuation.resume(returning: $0) })
        }
    }

    /// The token ids of a prompt; see ``LanguageModel/tokens(of:)``.
    public func tokens(of prompt: Prompt) throws(LLMGenError) -> [TokenID] { try model.tokens(of: prompt) }

    /// Checks a request without running it, for those who want to know before its stream begins.
    ///
    /// - Throws: ``LLMGenError``, what the stream of ``generate(_:_:)-(Prompt,_)`` would throw before its first step.
    public func check(_ prompt: Prompt, _ parameters: SamplingParameters) throws(LLMGenError) {
        let (tokens, sampling) = (try tokens(of: prompt), try resolve(parameters))
        do {
            _ = try scheduling.lengthLimit(
                of: SequenceRequest(id: SequenceID(0), prompt: tokens, sampling: sampling))
        } catch {
            throw LLMGenError(error)
        }
    }

    private func resolve(_ parameters: SamplingParameters) throws(LLMGenError) -> ResolvedSampling {
        do {
            let sampling = try parameters.resolved(
                defaults: model.samplingDefaults, vocabularySize: model.vocabularySize, eosTokenIDs: model.eosTokens,
                tokenize: model.tokenizer.map { tokenizer in
                    { try tokenizer.encode($0, addSpecialTokens: false) }
                })
            try Engine.checkSupport(of: sampling)
            return sampling
        } catch {
            throw LLMGenError(error)
        }
    }

    /// Refuses what sampling offers and the engine does not do.
    private static func checkSupport(of sampling: ResolvedSampling) throws(SamplingError) {
        let asked: [(field: String, value: String?)] = [
            ("n", sampling.n > 1 ? "\(sampling.n)" : nil),
            ("prompt_logprobs", sampling.promptLogprobs.map(String.init)),
            ("truncate_prompt_tokens", sampling.truncatePromptTokens.map(String.init)),
            ("repetition_detection", sampling.repetitionDetection.map { "a count of \($0.minCount)" }),
        ]
        for (field, value) in asked {
            guard let value else { continue }
            throw SamplingError(
                .unsupported, field: field, problem: "\(value) is asked for, and the engine does not do this",
                remedy: "leave it out")
        }
    }

    /// Says once a process that a law is off.
    private static let warnOfOpenBLAS: Void = Logger(label: "llmgen").warning(
        "gemm openblas: batch invariance is off, the same request may give other tokens beside other requests")
}
