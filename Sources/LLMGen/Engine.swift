public import LLMSampling
import LLMScheduling
import LLMTensor
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
    /// Tokens a sequence may have, prompt and output together.
    public let maxModelLength: Int
    private let scheduling: SchedulerOptions
    private let inbox = EngineInbox()
    private let nextID = Atomic<UInt64>(0)

    /// Starts an engine. - Throws: ``LLMGenError`` `invalidArgument`, naming the option, its value and its range.
    public init(model: LanguageModel, options: EngineOptions = EngineOptions()) throws(LLMGenError) {
        let scheduling = try options.scheduling(model.architecture.dimensions)
        self.model = model
        self.scheduling = scheduling
        kvBlocks = scheduling.blockCount
        blockSize = scheduling.blockSize
        maxModelLength = scheduling.maxModelLength
        if model.gemm == .openblas { Engine.warnOfOpenBLAS }
        EngineLoop.start(EngineCore(model, scheduling), inbox)
    }

    deinit { inbox.post(.shutDown) }

    /// Memory that the cache takes when all its blocks have been used.
    public var kvCacheMemory: ByteCount {
        ByteCount(bytes: kvBlocks * model.architecture.dimensions.kvShape(blockSize: blockSize).blockByteCount)
    }

    /// Generates from one prompt, token by token. The last piece has the whole output.
    ///
    /// The stream throws ``LLMGenError``: a prompt that is empty, too long or not in the vocabulary, a request that can
    /// never fit, logits that are no numbers.
    public func generate(
        _ prompt: Prompt, _ parameters: SamplingParameters
    ) -> AsyncThrowingStream<OutputPiece, any Error> {
        let arrival = ContinuousClock.now
        let id = SequenceID(nextID.add(1, ordering: .relaxed).newValue)
        return AsyncThrowingStream { sink in
            do throws(LLMGenError) {
                let request = EngineRequest(
                    id: id, prompt: try tokens(of: prompt), sampling: try resolve(parameters), sink: sink,
                    arrival: arrival)
                // The stream keeps the engine: a caller may let go of it while pieces are still to come.
                sink.onTermination = { [self] reason in
                    if case .cancelled = reason { inbox.post(.abort(id)) }
                }
                inbox.post(.add(request))
            } catch {
                sink.finish(throwing: error)
            }
        }
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
        let streams = prompts.map { generate($0, parameters) }
        var outputs: [RequestOutput] = []
        for stream in streams { outputs.append(try await Engine.output(of: stream)) }
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

    /// The token ids of a prompt, as ``generate(_:_:)-(Prompt,_)`` uses them.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput` for an empty text, a model without a tokenizer or an unknown id.
    public func tokens(of prompt: Prompt) throws(LLMGenError) -> [TokenID] {
        switch prompt {
        case .tokenIDs(let ids):
            let size = model.vocabularySize
            guard let unknown = ids.first(where: { $0 < 0 || Int($0) >= size }) else { return ids }
            throw LLMGenError(
                code: .invalidInput,
                message: "prompt token id \(unknown) is not in the vocabulary, whose ids are 0 to \(size - 1)")
        case .text(let text):
            guard !text.isEmpty else {
                throw LLMGenError(
                    code: .invalidInput, message: "the prompt is empty; give a text of at least one character")
            }
            guard let tokenizer = model.tokenizer else {
                throw LLMGenError(
                    code: .invalidInput,
                    message: "'\(model.folder.path)': no tokenizer.model, so a text cannot be encoded; "
                        + "give the prompt as token ids")
            }
            do {
                return try self.tokens(of: .tokenIDs(tokenizer.encode(text, addSpecialTokens: true)))
            } catch let error as LLMGenError {
                throw error
            } catch {
                throw LLMGenError(code: .invalidInput, message: "\(error)", cause: error)
            }
        }
    }

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
            return try parameters.resolved(
                defaults: model.samplingDefaults, vocabularySize: model.vocabularySize, eosTokenIDs: model.eosTokens)
        } catch {
            throw LLMGenError(error)
        }
    }

    /// Says once a process that a law is off.
    private static let warnOfOpenBLAS: Void = Logger(label: "llmgen").warning(
        "gemm openblas: batch invariance is off, the same request may give other tokens beside other requests")
}
