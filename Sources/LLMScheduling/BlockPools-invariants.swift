extension BlockPools {
    /// What is wrong with the blocks and the prefixes, given how many hold each block of each group and how often each
    /// node is pinned; empty when all is well.
    func invariantViolations(holders: [[Int]], pins: [PrefixTree.NodeID: Int]) -> [String] {
        var violations = tree.invariantViolations(pins: pins)
        for group in groups.indices {
            let pool = pools[group]
            violations += pool.invariantViolations(holders: holders[group]).map { "group \(group): \($0)" }
            if pool.freeCount + pool.usedCount != pool.blockCount || pool.blockCount != groups[group].blockCount {
                violations.append(
                    "group \(group): \(pool.freeCount) free and \(pool.usedCount) used of \(groups[group].blockCount)")
            }
            for block in 0..<BlockID(pool.blockCount) where pool.isCached(block) {
                if tree.block(of: pool.node(of: block), group) != block {
                    violations.append("group \(group): block \(block) is cached, and its node has another")
                }
            }
            let attached = tree.byHash.values.count { tree.block(of: $0, group) != nil }
            if attached != pool.cachedCount {
                violations.append("group \(group): \(attached) blocks are attached and \(pool.cachedCount) cached")
            }
            if groups[group].window == nil && attached != tree.count {
                violations.append("group \(group): \(tree.count) prefixes are known and \(attached) have their block")
            }
        }
        if tree.count > mostNodes { violations.append("\(tree.count) prefixes are known, more than \(mostNodes)") }
        return violations
    }

    /// A group's free blocks in the order in which they will be handed out, then each cached block and the tokens of its
    /// whole prefix: everything about the blocks that can make a difference later.
    func states(_ group: Int) -> [[Int]] {
        let pool = pools[group]
        return [pool.freeBlocks.map(Int.init)]
            + (0..<BlockID(pool.blockCount)).filter { pool.isCached($0) }.map { block in
                [Int(block)] + tree.prefix(of: pool.node(of: block)).map(Int.init)
            }
    }
}
