public import LLMTensor

/// What a model's layers keep of sequences: keys and values in pages for each group of its ``CacheLayout``, and the states of
/// recurrent layers in slots.
public final class KVCache: Sendable {
    /// The layout that the pages were made for.
    public let layout: CacheLayout
    /// The pages of each group.
    public let pages: [KVPages]
    /// The states of recurrent layers; nil where there is no such layer.
    public let states: StateSlots?

    /// Pages for `blockCounts[g]` blocks of each group `g`, and `stateSlots` slots where the layout has states.
    public init(
        _ layout: CacheLayout, blockSize: Int, dtype: KVCacheDtype, blockCounts: [Int], stateSlots: Int = 0
    ) {
        precondition(blockCounts.count == layout.groups.count, "\(blockCounts.count) sizes for \(layout.groups.count)")
        self.layout = layout
        states = layout.states.isEmpty ? nil : StateSlots(sizes: layout.states, count: stateSlots)
        pages = zip(layout.groups, blockCounts).map { group, count in
            KVPages(shape: group.shape(blockSize: blockSize, dtype: dtype), blockCount: count)
        }
    }
}
