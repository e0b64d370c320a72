import CLLMKernels

/// The sizes of a paged key/value cache.
public struct KVPagesShape: Sendable, Hashable {
    /// Transformer layers.
    public let layers: Int
    /// Key and value heads of a layer.
    public let kvHeads: Int
    /// Elements of a head.
    public let headDim: Int
    /// Tokens a block: 16, 32, 64 or 128.
    public let blockSize: Int
    /// The type of the elements.
    public let dtype: KVCacheDtype

    /// - Precondition: every size is positive, the head is one the kernels hold, the block size one they read.
    public init(layers: Int, kvHeads: Int, headDim: Int, blockSize: Int, dtype: KVCacheDtype) {
        precondition(layers > 0 && kvHeads > 0 && headDim > 0 && headDim <= KVPagesShape.maxHeadDim, "KV page sizes")
        precondition(KVPagesShape.blockSizes.contains(blockSize), "block size \(blockSize)")
        self.layers = layers
        self.kvHeads = kvHeads
        self.headDim = headDim
        self.blockSize = blockSize
        self.dtype = dtype
    }

    /// The block sizes that the kernels read.
    public static let blockSizes = [16, 32, 64, 128]
    /// The largest head that the attention kernel holds.
    public static let maxHeadDim = Int(LLM_MAX_HEAD_DIM)

    /// Bytes of one block over all layers, keys and values with their scales.
    public var blockByteCount: Int {
        let elements = headDim + llm_value_stride(headDim)
        let tokenBytes = elements * dtype.elementByteCount + 2 * dtype.scaleCount * MemoryLayout<Float>.stride
        return layers * kvHeads * blockSize * tokenBytes
    }
}

/// Keys and values of all layers, in pages. What a block holds, and whose it is, the scheduler decides.
///
/// Keys lie transposed in groups of 16 tokens and values row by row, as the attention kernel reads them
/// (docs/kernels.md). Memory is taken from the system as blocks are first written.
public final class KVPages: Sendable {
    /// Sizes of the pages.
    public let shape: KVPagesShape
    /// Blocks there are.
    public let blockCount: Int
    private let keys: [Storage]
    private let values: [Storage]
    private let keyScales: [Storage]
    private let valueScales: [Storage]

    /// A cache of `blockCount` blocks, all zero.
    public init(shape: KVPagesShape, blockCount: Int) {
        precondition(blockCount > 0, "a cache needs blocks")
        self.shape = shape
        self.blockCount = blockCount
        let tokens = blockCount * shape.blockSize * shape.kvHeads
        /// One layer's memory each, in whole floats.
        func storages(bytes: Int) -> [Storage] {
            let count = (bytes + MemoryLayout<Float>.stride - 1) / MemoryLayout<Float>.stride
            return (0..<shape.layers).map { _ in Storage(count: count) }
        }
        keys = storages(bytes: tokens * shape.headDim * shape.dtype.elementByteCount)
        values = storages(bytes: tokens * llm_value_stride(shape.headDim) * shape.dtype.elementByteCount)
        keyScales = storages(bytes: tokens * shape.dtype.scaleCount * MemoryLayout<Float>.stride)
        valueScales = storages(bytes: tokens * shape.dtype.scaleCount * MemoryLayout<Float>.stride)
    }

    /// A layer's keys and values, and their scales; valid while the pages live.
    package func memory(ofLayer index: Int) -> [UnsafeRawBufferPointer] {
        [keys, values, keyScales, valueScales].map {
            UnsafeRawBufferPointer(start: $0[index].base, count: $0[index].byteCount)
        }
    }

    /// The memory of each kind and layer, in which a block is one piece and the blocks follow one another.
    var allMemory: [UnsafeMutableRawBufferPointer] {
        let tokens = blockCount * shape.blockSize * shape.kvHeads
        let element = shape.dtype.elementByteCount
        let scale = shape.dtype.scaleCount * MemoryLayout<Float>.stride
        let kinds = [
            (keys, shape.headDim * element), (values, llm_value_stride(shape.headDim) * element), (keyScales, scale),
            (valueScales, scale),
        ]
        return kinds.flatMap { storages, tokenBytes in
            storages.map { UnsafeMutableRawBufferPointer(start: $0.base, count: tokens * tokenBytes) }
        }
    }

    func layer(_ index: Int) -> llm_pages {
        llm_pages(
            dtype: shape.dtype.kernelType, keys: keys[index].base, values: values[index].base,
            key_scales: keyScales[index].base, value_scales: valueScales[index].base, block_size: shape.blockSize,
            kv_heads: shape.kvHeads, head_dim: shape.headDim)
    }
}
