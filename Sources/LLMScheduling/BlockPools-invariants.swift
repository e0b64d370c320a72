extension BlockPools {
    /// What is wrong with the blocks, the slots of states and the prefixes, given how many hold each block of each pool and
    /// how often each node is pinned; empty when all is well.
    func invariantViolations(holders: [[Int]], pins: [PrefixTree.NodeID: Int]) -> [String] {
        var violations = tree.invariantViolations(pins: pins)
        for group in pools.indices {
            let pool = pools[group]
            violations += pool.invariantViolations(holders: holders[group]).map { "pool \(group): \($0)" }
            if pool.freeCount + pool.usedCount != pool.blockCount {
                violations.append(
                    "pool \(group): \(pool.freeCount) free and \(pool.usedCount) used of \(pool.blockCount)")
            }
            for block in 0..<BlockID(pool.blockCount) where pool.isCached(block) {
                if tree.block(of: pool.node(of: block), group) != block {
                    violations.append("pool \(group): block \(block) is cached, and its node has another")
                }
            }
            let attached = tree.byHash.values.count { tree.block(of: $0, group) != nil }
            if attached != pool.cachedCount {
                violations.append("pool \(group): \(attached) blocks are attached and \(pool.cachedCount) cached")
            }
            if group != states && groups[group].window == nil && attached != tree.count {
                violations.append("pool \(group): \(tree.count) prefixes are known and \(attached) have their block")
            }
        }
        if tree.count > mostNodes { violations.append("\(tree.count) prefixes are known, more than \(mostNodes)") }
        return violations
    }

    /// A pool's free blocks in the order in which they will be handed out, then each cached block and the tokens of its
    /// whole prefix: everything about the blocks that can make a difference later.
    func contents(_ group: Int) -> [[Int]] {
        let pool = pools[group]
        return [pool.freeBlocks.map(Int.init)]
            + (0..<BlockID(pool.blockCount)).filter { pool.isCached($0) }.map { block in
                [Int(block)] + tree.prefix(of: pool.node(of: block)).map(Int.init)
            }
    }
}
