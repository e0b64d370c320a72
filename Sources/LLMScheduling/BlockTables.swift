/// Where a sequence's keys and values are: entry `i` of a group's table is the block that holds its tokens
/// `i * blockSize ..< (i + 1) * blockSize`, or -1 for a block behind the group's window, which is absent. A table owns
/// one reference to each block it names.
struct BlockTables: Sendable {
    private(set) var blocks: [[BlockID]]  // [groups][blocks]

    /// Tables without a block.
    init(_ pools: BlockPools) { blocks = pools.noBlocks }

    /// Makes the tables exactly as long as `tokenCount` tokens need. The pools must have the blocks.
    mutating func resize(toCover tokenCount: Int, pools: inout BlockPools) {
        let needed = pools.blockCount(covering: tokenCount)
        for group in blocks.indices {
            while blocks[group].count < needed { blocks[group].append(pools.take(group)) }
            while blocks[group].count > needed {
                let block = blocks[group].removeLast()
                if block >= 0 { pools.release(block, group) }
            }
        }
    }

    /// Gives up all blocks, the last ones first.
    mutating func removeAll(pools: inout BlockPools) {
        for group in blocks.indices {
            for block in blocks[group].reversed() where block >= 0 { pools.release(block, group) }
        }
        blocks = pools.noBlocks
    }

    /// Gives up the blocks that queries from `position` on do not see, those that queries from `former` on did not
    /// see given up already.
    mutating func release(behind position: Int, former: Int, pools: inout BlockPools) {
        for group in pools.windowed {
            let behind = pools.blocksBehind(former, group)..<pools.blocksBehind(position, group)
            for index in behind.reversed() {
                pools.release(blocks[group][index], group)
                blocks[group][index] = -1
            }
        }
    }

    /// Begins with a cached prefix: refers to its blocks that later queries see.
    mutating func start(with prefix: [PrefixTree.NodeID], pools: inout BlockPools) {
        guard !prefix.isEmpty else { return }
        for group in blocks.indices {
            let behind = pools.blocksBehind(prefix.count * pools.blockSize, group)
            blocks[group] = Array(repeating: -1, count: behind)
            for node in prefix[behind...] {
                guard let block = pools.tree.block(of: node, group) else { preconditionFailure("node \(node) lost it") }
                pools.reuse(block, group)
                blocks[group].append(block)
            }
        }
    }

    /// Caches block `index`, which is full, as `node` in every group. Where a group has another block with the same, that
    /// one takes the place.
    mutating func cache(_ index: Int, as node: PrefixTree.NodeID, pools: inout BlockPools) {
        for group in blocks.indices {
            let block = blocks[group][index]
            guard let cached = pools.tree.block(of: node, group) else {
                pools.cache(block, as: node, group)
                continue
            }
            if cached != block {
                pools.reuse(cached, group)
                pools.release(block, group)
                blocks[group][index] = cached
            }
        }
    }

    /// Whether others hold a group's block `index` too.
    func isShared(_ index: Int, _ group: Int, in pools: BlockPools) -> Bool {
        pools.pools[group].referenceCount(of: blocks[group][index]) > 1
    }

    /// Blocks of a group that no other table holds.
    func exclusiveCount(_ group: Int, in pools: BlockPools) -> Int {
        blocks[group].count { $0 >= 0 && pools.pools[group].referenceCount(of: $0) == 1 }
    }

    /// Puts a block of its own in the place of a group's block `index` and returns what is to be copied; the reference
    /// to the block that was there is now the copy's.
    mutating func exchange(_ index: Int, _ group: Int, pools: inout BlockPools) -> BlockCopy {
        let shared = blocks[group][index]
        let own = pools.take(group)
        blocks[group][index] = own
        return BlockCopy(group: group, from: shared, to: own)
    }

    /// Second tables of the same blocks.
    func shared(pools: inout BlockPools) -> BlockTables {
        for group in blocks.indices {
            for block in blocks[group] where block >= 0 { pools.retain(block, group) }
        }
        return self
    }
}
