public import LLMTensor

/// Where a layer's keys and values are: which group of layers it is in, and its place there.
public struct CacheSlot: Sendable, Hashable {
    /// The group in the model's ``CacheLayout``.
    public let group: Int
    /// The layer's place in the group's pages.
    public let layer: Int
}

/// What a model's layers cache, by groups of layers that are alike: the pages, their sizes, the block tables and what the
/// scheduler keeps are made from it.
public struct CacheLayout: Sendable, Hashable {
    /// Layers that cache the same of a token, for equally long.
    public struct Group: Sendable, Hashable {
        /// What each layer caches of a token.
        public let entry: CacheEntry
        /// Positions that a token sees, its own included, so that what lies behind is never read again; nil for all.
        public let window: Int?
        /// Positions after its own that a token sees too, as an encoder's does: `.max` for all; 0 for none.
        public let ahead: Int
        /// Whether windows begin at multiples of their length, and do not move with the token.
        public let isChunked: Bool
        /// Layers of the group; of layers that see ahead 1, for they keep nothing and so share their pages.
        public fileprivate(set) var layers: Int

        /// The sizes of the group's pages.
        public func shape(blockSize: Int, dtype: KVCacheDtype) -> KVPagesShape {
            KVPagesShape(layers: layers, entry: entry, blockSize: blockSize, dtype: dtype)
        }
    }

    /// The groups, in the order in which the model's layers first name them.
    public private(set) var groups: [Group] = []

    /// Bytes that a token takes in all layers.
    public func tokenByteCount(_ dtype: KVCacheDtype) -> Int {
        groups.reduce(0) { $0 + $1.layers * $1.entry.tokenByteCount(dtype) }
    }

    /// A layout without layers.
    public init() {}

    /// Adds a layer to the group of those like it.
    mutating func add(_ entry: CacheEntry, window: Int?, ahead: Int = 0, isChunked: Bool = false) -> CacheSlot {
        let known = groups.firstIndex {
            $0.entry == entry && $0.window == window && $0.ahead == ahead && $0.isChunked == isChunked
        }
        let index = known ?? groups.count
        if known == nil {
            groups.append(Group(entry: entry, window: window, ahead: ahead, isChunked: isChunked, layers: 0))
        } else if ahead > 0 {
            return CacheSlot(group: index, layer: 0)
        }
        defer { groups[index].layers += 1 }
        return CacheSlot(group: index, layer: groups[index].layers)
    }
}
