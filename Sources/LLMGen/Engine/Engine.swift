import LLMScheduling
public import LLMTensor
import Logging

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
    /// Blocks of the cache, and what bounds their number.
    public let kvCacheSizing: KVCacheSizing
    /// Tokens a block.
    public let blockSize: Int
    /// The type of cached keys and values, chosen.
    public let kvCacheDtype: KVCacheDtype
    /// Tokens a sequence may have, prompt and output together.
    public let maxModelLength: Int
    /// Blocks of the cache.
    public var kvBlocks: Int { scheduling.blockCount }
    /// Slots for the states of recurrent layers, of sequences that run and of snapshots; 0 for a model without any.
    public var stateSlots: Int { scheduling.stateSlots }
    /// Bytes of a slot: what a sequence's states take, whatever its length.
    public let stateBytes: Int
    /// Memory that the cache takes when all its blocks and slots have been used.
    public var kvCacheMemory: ByteCount { kvCacheSizing.memory }
    /// Sequences that may run at once.
    public var maxNumSeqs: Int { scheduling.maxNumSeqs }
    /// Whether full blocks are kept for later requests that begin alike.
    public var cachesPrefixes: Bool { scheduling.prefixCaching }
    /// Tokens that one request may have, prompt and output together: what the model, or the whole cache, has room for.
    public var lengthLimit: Int { scheduling.maxSequenceLength }
    /// Bytes of cached keys and values that a token has, over all layers.
    package let kvBytesPerToken: Int
    let scheduling: SchedulerOptions
    let inbox = EngineInbox()
    let ids = SequenceIDs()
    let watch: EngineWatch

    /// Starts an engine. - Throws: ``LLMGenError`` `invalidArgument`, naming the option, its value and its range.
    public init(model: LanguageModel, options: EngineOptions = EngineOptions()) throws(LLMGenError) {
        let layout = model.network.cacheLayout
        let dtype = options.kvCacheDtype ?? model.automaticKVCacheDtype
        var (scheduling, sizing) = try options.scheduling(maxPositions: model.maxPositions, layout, dtype)
        if model.gemm == .openblas {
            // What it computes for a prefix depends on what else was in the step.
            scheduling.prefixCaching = false
            Engine.warnOfOpenBLAS
        }
        self.model = model
        self.scheduling = scheduling
        kvCacheSizing = sizing
        blockSize = scheduling.blockSize
        kvCacheDtype = dtype
        stateBytes = layout.stateByteCount
        kvBytesPerToken = layout.tokenByteCount(dtype)
        maxModelLength = scheduling.maxModelLength
        watch = EngineWatch(
            MetricsRecorder(
                model: model.name, kvBlocks: scheduling.blockCount, stateSlots: scheduling.stateSlots,
                maxModelLength: scheduling.maxModelLength))
        EngineLoop.start(EngineCore(model, scheduling, dtype, ids, watch), inbox)
    }

    deinit { inbox.post(.shutDown) }

    /// Says once a process that a law is off.
    private static let warnOfOpenBLAS: Void = Logger(label: "llmgen").warning(
        "gemm openblas: batch invariance is off, the same request may give other tokens beside other requests")
}
