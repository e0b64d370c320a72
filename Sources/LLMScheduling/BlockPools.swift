/// What the cache has of a sequence's beginning.
struct CachedPrefix {
    /// Of each block the node of the tree; none where nothing can be used.
    var nodes: [PrefixTree.NodeID] = []
    /// Blocks whose tokens are known to the tree, those included that cannot be used.
    var knownCount = 0
}

/// The blocks of all cache groups and the slots of states, and the prefixes they hold.
///
/// A block is free where no table refers to it. A free block that is cached keeps its contents until its group has no
/// other to hand out; then the least recently used one is forgotten.
struct BlockPools: Sendable {
    let blockSize: Int
    let groups: [CacheGroup]
    /// Groups with a window.
    let windowed: [Int]
    /// The pool of state slots, after those of the groups; nil for a model without states. A cached slot is a snapshot: it
    /// has the states after its node's prefix.
    let states: Int?
    /// The tables of a sequence without blocks; one array for all of these.
    let noBlocks: [[BlockID]]
    private(set) var pools: [BlockPool]  // [groups], then that of the states
    private(set) var tree: PrefixTree

    /// Nodes without a block that the tree may have for each block there is.
    private static let nodesPerBlock = 8
    /// The same for each snapshot, which stands for all tokens before it.
    private static let nodesPerSnapshot = 1024
    private let mostBlocklessNodes: Int
    /// Nodes that the tree has at most.
    var mostNodes: Int { mostBlocklessNodes + pools.reduce(0) { $0 + $1.blockCount } }

    /// Pools with all blocks free.
    init(_ options: SchedulerOptions, hashBits: Int) {
        blockSize = options.blockSize
        groups = options.groups
        windowed = groups.indices.filter { options.groups[$0].window != nil }
        states = options.stateSlots > 0 ? groups.count : nil
        noBlocks = groups.map { _ in [] }
        let counts = groups.map(\.blockCount) + (options.stateSlots > 0 ? [options.stateSlots] : [])
        pools = counts.map { BlockPool(blockCount: $0, blockSize: options.blockSize) }
        tree = PrefixTree(blockSize: blockSize, poolCount: pools.count, hashBits: hashBits)
        mostBlocklessNodes =
            options.blockCount * Self.nodesPerBlock + options.stateSlots * Self.nodesPerSnapshot
    }

    /// Blocks of a group at the beginning of a sequence that no query from `position` on sees.
    func blocksBehind(_ position: Int, _ group: Int) -> Int {
        groups[group].blocksBehind(position, blockSize: blockSize)
    }

    /// Blocks of one group that `tokenCount` tokens need.
    func blockCount(covering tokenCount: Int) -> Int { (tokenCount + blockSize - 1) / blockSize }

    /// The sum of a count over the groups.
    func total(_ count: (BlockPool) -> Int) -> Int { groups.indices.reduce(0) { $0 + count(pools[$1]) } }

    /// Takes a free block of a pool that has one, with one reference.
    mutating func take(_ group: Int) -> BlockID {
        if let block = pools[group].allocate() { return block }
        guard let block = pools[group].leastRecentlyUsed else {
            preconditionFailure("pool \(group) has no block left")
        }
        forget(block, group)
        return take(group)
    }

    /// Adds a reference to a referenced block.
    mutating func retain(_ block: BlockID, _ group: Int) { pools[group].retain(block) }

    /// Takes a reference from a block.
    mutating func release(_ block: BlockID, _ group: Int) { pools[group].release(block) }

    /// Adds a reference to a cached block.
    mutating func reuse(_ block: BlockID, _ group: Int) { pools[group].reuse(block) }

    // MARK: Prefixes

    /// The longest prefix of `tokens` that is cached, of whole blocks: what each group's queries after it see is there,
    /// and the states after it are, and one token at least is left.
    ///
    /// A node has its blocks in all groups with full attention (see `forget`). A group with a window may have lost
    /// any, but for a prefix it only needs the last ones, and of states the last alone.
    func cachedPrefix(of tokens: [TokenID], salt: String?) -> CachedPrefix {
        var path: [PrefixTree.NodeID] = []
        var longest = 0
        var present = windowed.map { _ in 0 }  // where each group's blocks that reach to the end of the path begin
        for start in stride(from: 0, through: tokens.count - 1 - blockSize, by: blockSize) {
            guard let node = tree.find(tokens, start..<start + blockSize, after: path.last, salt: salt) else { break }
            path.append(node)
            var isComplete = states.map { tree.block(of: node, $0) != nil } ?? true
            for (index, group) in windowed.enumerated() {
                if tree.block(of: node, group) == nil { present[index] = path.count }
                if present[index] > blocksBehind(path.count * blockSize, group) { isComplete = false }
            }
            if isComplete { longest = path.count }
        }
        return CachedPrefix(nodes: Array(path[..<longest]), knownCount: path.count)
    }

    /// The node of the tokens of block `index` after `parent`, and pins it in the place of that one; nil where another
    /// prefix has its hash, or the tree is full of nodes that running sequences need. A group without a block there
    /// is to attach one.
    mutating func advance(
        _ tokens: [TokenID], to index: Int, after parent: PrefixTree.NodeID?, salt: String?
    ) -> PrefixTree.NodeID? {
        boundTree()
        guard tree.blocklessCount < mostBlocklessNodes else { return nil }
        let range = index * blockSize..<(index + 1) * blockSize
        guard let node = tree.findOrMake(tokens, range, after: parent, salt: salt) else { return nil }
        tree.pin(node)
        if let parent { tree.unpin(parent) }
        return node
    }

    /// Attaches a referenced block to a node at which its pool has none.
    mutating func cache(_ block: BlockID, as node: PrefixTree.NodeID, _ group: Int) {
        tree.attach(block, to: node, group)
        pools[group].cache(block, as: node)
    }

    /// Whether a sequence holds a group's block of a node.
    func isHeld(_ node: PrefixTree.NodeID, _ group: Int) -> Bool {
        tree.block(of: node, group).map { pools[group].referenceCount(of: $0) > 0 } ?? false
    }

    /// Keeps a node for a sequence that goes on from it.
    mutating func pin(_ node: PrefixTree.NodeID?) {
        if let node { tree.pin(node) }
    }

    /// Takes back one `pin`.
    mutating func unpin(_ node: PrefixTree.NodeID?) {
        if let node { tree.unpin(node) }
    }

    /// Forgets that a cached block holds a prefix; only a slot of states may have a reference then.
    ///
    /// A prefix is of no use without its blocks of full attention, so a node that loses one loses all. It has no child
    /// then: tables are released from their end, and who uses a block uses those before it, so of full attention the
    /// blocks of children go first. Nor does a sequence hold any of its blocks: it would hold all those of full attention.
    mutating func forget(_ block: BlockID, _ group: Int) {
        let node = pools[group].node(of: block)
        detach(block, from: node, group)
        guard group != states, groups[group].window == nil else { return }
        for other in pools.indices {
            if let block = tree.block(of: node, other) { detach(block, from: node, other) }
        }
    }

    private mutating func detach(_ block: BlockID, from node: PrefixTree.NodeID, _ group: Int) {
        pools[group].forget(block)
        tree.detach(from: node, group)
    }

    /// Keeps the nodes without a block, which there are only where no group has full attention, within their bound:
    /// forgets the blocks and states used longest ago, which the nodes before them were kept for.
    private mutating func boundTree() {
        while tree.blocklessCount >= mostBlocklessNodes {
            var isStuck = true
            for pool in pools.indices where pool == states || groups[pool].window != nil {
                guard let block = pools[pool].leastRecentlyUsed else { continue }
                forget(block, pool)
                isStuck = false
            }
            if isStuck { return }
        }
    }

    /// Makes the cached contents of a block without a reference the first to be forgotten.
    mutating func demote(_ block: BlockID, _ group: Int) { pools[group].demote(block) }

    /// Forgets every cached prefix. No node is pinned any more.
    mutating func forgetAll() {
        for group in pools.indices { pools[group].forgetAll() }
        tree.removeAll()
    }
}
