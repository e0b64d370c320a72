import Foundation
import LLMModels
import LLMScheduling
public import LLMTensor

/// The element type of cached keys and values.
public typealias KVCacheDtype = LLMTensor.KVCacheDtype

/// How an engine schedules and how much memory its cache takes.
public struct EngineOptions: Sendable {
    /// Memory for keys and values; unset, 2 GiB or what all sequences at full length need, the lesser.
    public var kvCacheMemory: ByteCount?
    /// Blocks of keys and values, in place of an amount of memory.
    public var kvBlocks: Int?
    /// The type of cached keys and values; unset, ``LanguageModel/automaticKVCacheDtype``.
    public var kvCacheDtype: KVCacheDtype?
    /// Tokens a block: 16, 32, 64 or 128.
    public var blockSize: Int
    /// Sequences that may run at once.
    public var maxNumSeqs: Int
    /// Tokens that one step computes at most.
    public var maxNumBatchedTokens: Int
    /// Tokens a sequence may have, prompt and output; unset, as many as the model was made for.
    public var maxModelLength: Int?

    /// Options; every one has a default.
    public init(
        kvCacheMemory: ByteCount? = nil, kvBlocks: Int? = nil, kvCacheDtype: KVCacheDtype? = nil, blockSize: Int = 32,
        maxNumSeqs: Int = 128, maxNumBatchedTokens: Int = 512, maxModelLength: Int? = nil
    ) {
        self.kvCacheMemory = kvCacheMemory
        self.kvBlocks = kvBlocks
        self.kvCacheDtype = kvCacheDtype
        self.blockSize = blockSize
        self.maxNumSeqs = maxNumSeqs
        self.maxNumBatchedTokens = maxNumBatchedTokens
        self.maxModelLength = maxModelLength
    }

    static let defaultKVCacheMemory = ByteCount.gibibytes(2)

    /// The scheduler's limits for a model of these sizes and a cache of this type.
    func scheduling(_ sizes: ModelDimensions, _ dtype: KVCacheDtype) throws(LLMGenError) -> SchedulerOptions {
        let maxLength = maxModelLength ?? sizes.maxPositions
        guard maxLength <= sizes.maxPositions else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "max-model-len is \(maxLength); the model was made for at most \(sizes.maxPositions) tokens")
        }
        do {
            return try SchedulerOptions(
                blockSize: blockSize, blockCount: blockCount(sizes, dtype, maxLength), maxNumSeqs: maxNumSeqs,
                maxNumBatchedTokens: maxNumBatchedTokens, maxModelLength: maxLength)
        } catch let error as SchedulerOptionError {
            throw LLMGenError(error)
        } catch let error as LLMGenError {
            throw error
        } catch {
            throw LLMGenError(code: .failed, message: "\(error)", cause: error)
        }
    }

    private func blockCount(
        _ sizes: ModelDimensions, _ dtype: KVCacheDtype, _ maxLength: Int
    ) throws(LLMGenError) -> Int {
        guard kvBlocks == nil || kvCacheMemory == nil else {
            throw LLMGenError(
                code: .invalidArgument, message: "kv-blocks and kv-cache-memory are both given; give one of them")
        }
        // A block size that the kernels do not read is the scheduler's to refuse.
        guard SchedulerOptions.blockSizes.contains(blockSize) else { return 1 }
        let blockBytes = sizes.kvShape(blockSize: blockSize, dtype: dtype).blockByteCount
        let present = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        let asked = kvBlocks.map { $0.multipliedReportingOverflow(by: blockBytes) }
        let askedBytes = asked.map { $0.overflow ? Int.max : $0.partialValue } ?? kvCacheMemory?.bytes ?? 0
        guard askedBytes <= present else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "the KV cache would take \(ByteCount(bytes: askedBytes)); this machine has "
                    + "\(ByteCount(bytes: present)), give kv-cache-memory or kv-blocks below that")
        }
        if let kvBlocks { return kvBlocks }
        if let kvCacheMemory {
            guard kvCacheMemory.bytes >= blockBytes else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message: "kv-cache-memory is \(kvCacheMemory); one block of \(blockSize) tokens takes "
                        + "\(ByteCount(bytes: blockBytes)), give at least that")
            }
            return kvCacheMemory.bytes / blockBytes
        }
        let wanted = (maxLength + blockSize - 1) / blockSize
        let (all, overflow) = wanted.multipliedReportingOverflow(by: max(maxNumSeqs, 1))
        let affordable = max(1, EngineOptions.defaultKVCacheMemory.bytes / blockBytes)
        return overflow ? affordable : max(1, min(all, affordable))
    }
}

extension ModelDimensions {
    func kvShape(blockSize: Int, dtype: KVCacheDtype) -> KVPagesShape {
        KVPagesShape(layers: layers, kvHeads: kvHeads, headDim: headDim, blockSize: blockSize, dtype: dtype)
    }
}
