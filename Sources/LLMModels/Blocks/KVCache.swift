public import LLMTensor

/// The keys and values of a model's layers: pages for each group of its ``CacheLayout``.
public final class KVCache: Sendable {
    /// The layout that the pages were made for.
    public let layout: CacheLayout
    /// The pages of each group.
    public let pages: [KVPages]

    /// Pages for `blockCounts[g]` blocks of each group `g`.
    public init(_ layout: CacheLayout, blockSize: Int, dtype: KVCacheDtype, blockCounts: [Int]) {
        precondition(blockCounts.count == layout.groups.count, "\(blockCounts.count) sizes for \(layout.groups.count)")
        self.layout = layout
        pages = zip(layout.groups, blockCounts).map { group, count in
            KVPages(shape: group.shape(blockSize: blockSize, dtype: dtype), blockCount: count)
        }
    }
}
