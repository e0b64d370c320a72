import CLLMKernels

/// What a layer caches of a token: a key and a value for each head.
public struct CacheEntry: Sendable, Hashable {
    /// Key and value heads.
    public let heads: Int
    /// Elements of a key.
    public let keyDim: Int
    /// Elements of a value.
    public let valueDim: Int
    /// Whether a value is the first elements of its key, and takes no memory of its own: latent attention
    /// (DeepSeek-AI 2024).
    public let isLatent: Bool

    /// Keys and values of `heads` heads.
    public init(heads: Int, keyDim: Int, valueDim: Int) {
        self.init(heads: heads, keyDim: keyDim, valueDim: valueDim, isLatent: false)
    }

    /// One latent vector of `dim` elements, of which the first `valueDim` are the value.
    public static func latent(dim: Int, valueDim: Int) -> CacheEntry {
        CacheEntry(heads: 1, keyDim: dim, valueDim: valueDim, isLatent: true)
    }

    private init(heads: Int, keyDim: Int, valueDim: Int, isLatent: Bool) {
        precondition(heads > 0 && keyDim > 0 && keyDim <= CacheEntry.maxKeyDim, "cached keys")
        precondition(valueDim > 0 && valueDim <= CacheEntry.maxValueDim && (!isLatent || valueDim <= keyDim), "values")
        self.heads = heads
        self.keyDim = keyDim
        self.valueDim = valueDim
        self.isLatent = isLatent
    }

    /// The largest key that the attention kernel holds.
    public static let maxKeyDim = Int(LLM_MAX_KEY_DIM)
    /// The largest value that it holds.
    public static let maxValueDim = Int(LLM_MAX_VALUE_DIM)

    /// Elements that are cached of a token, over all heads.
    public var elementCount: Int { heads * (keyDim + (isLatent ? 0 : valueDim)) }

    /// Elements of a value as it lies in the pages.
    var valueStride: Int { isLatent ? 0 : llm_value_stride(valueDim) }

    /// Bytes of one token in a cache of this type, over all heads, with its scales.
    public func tokenByteCount(_ dtype: KVCacheDtype) -> Int {
        let elements = (keyDim + valueStride) * dtype.elementByteCount
        let scales = (isLatent ? 1 : 2) * dtype.scaleCount * MemoryLayout<Float>.stride
        return heads * (elements + scales)
    }
}

/// The sizes of a paged key/value cache.
public struct KVPagesShape: Sendable, Hashable {
    /// Transformer layers.
    public let layers: Int
    /// What each of them caches of a token.
    public let entry: CacheEntry
    /// Tokens a block: 16, 32, 64 or 128.
    public let blockSize: Int
    /// The type of the elements.
    public let dtype: KVCacheDtype

    /// - Precondition: there is a layer, and the block size is one that the kernels read.
    public init(layers: Int, entry: CacheEntry, blockSize: Int, dtype: KVCacheDtype) {
        precondition(layers > 0 && KVPagesShape.blockSizes.contains(blockSize), "KV page sizes")
        self.layers = layers
        self.entry = entry
        self.blockSize = blockSize
        self.dtype = dtype
    }

    /// The block sizes that the kernels read.
    public static let blockSizes = [16, 32, 64, 128]

    /// Bytes of one block over all layers, keys and values with their scales.
    public var blockByteCount: Int { layers * blockSize * entry.tokenByteCount(dtype) }
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
        let entry = shape.entry
        let tokens = blockCount * shape.blockSize * entry.heads
        let valueScaleCount = entry.isLatent ? 0 : shape.dtype.scaleCount
        /// One layer's memory each, in whole floats.
        func storages(bytes: Int) -> [Storage] {
            let count = (bytes + MemoryLayout<Float>.stride - 1) / MemoryLayout<Float>.stride
            return (0..<shape.layers).map { _ in Storage(count: count) }
        }
        keys = storages(bytes: tokens * entry.keyDim * shape.dtype.elementByteCount)
        values = storages(bytes: tokens * entry.valueStride * shape.dtype.elementByteCount)
        keyScales = storages(bytes: tokens * shape.dtype.scaleCount * MemoryLayout<Float>.stride)
        valueScales = storages(bytes: tokens * valueScaleCount * MemoryLayout<Float>.stride)
    }

    /// A layer's keys and values, and their scales; valid while the pages live.
    package func memory(ofLayer index: Int) -> [UnsafeRawBufferPointer] {
        [keys, values, keyScales, valueScales].map {
            UnsafeRawBufferPointer(start: $0[index].base, count: $0[index].byteCount)
        }
    }

    /// The memory of each kind and layer, in which a block is one piece and the blocks follow one another.
    var allMemory: [UnsafeMutableRawBufferPointer] {
        let entry = shape.entry
        let tokens = blockCount * shape.blockSize * entry.heads
        let element = shape.dtype.elementByteCount
        let scale = shape.dtype.scaleCount * MemoryLayout<Float>.stride
        let kinds = [
            (keys, entry.keyDim * element), (values, entry.valueStride * element), (keyScales, scale),
            (valueScales, entry.isLatent ? 0 : scale),
        ]
        return kinds.flatMap { storages, tokenBytes in
            storages.map { UnsafeMutableRawBufferPointer(start: $0.base, count: tokens * tokenBytes) }
        }
    }

    func layer(_ index: Int) -> llm_pages {
        let entry = shape.entry
        return llm_pages(
            dtype: shape.dtype.kernelType, keys: keys[index].base,
            values: entry.isLatent ? nil : UnsafeMutableRawPointer(values[index].base),
            key_scales: keyScales[index].base, value_scales: entry.isLatent ? nil : valueScales[index].base,
            block_size: shape.blockSize, kv_heads: entry.heads, key_dim: entry.keyDim, value_dim: entry.valueDim)
    }
}
