extension PrefixTree {
    /// What is wrong with the tree, given how often each node is pinned; empty when all is well. O(nodes).
    func invariantViolations(pins: [NodeID: Int]) -> [String] {
        var violations: [String] = []
        var children: [NodeID: Int] = [:]
        for node in byHash.values {
            if let parent = nodes[Int(node)].parent { children[parent, default: 0] += 1 }
        }
        let live = Set(byHash.values)
        for (hash, node) in byHash {
            let entry = nodes[Int(node)]
            let blocks = (0..<poolCount).count { block(of: node, $0) != nil }
            if entry.hash != hash { violations.append("node \(node) is listed under another's hash") }
            if let parent = entry.parent, !live.contains(parent) { violations.append("node \(node) has no parent") }
            if Int(entry.children) != children[node] ?? 0 || Int(entry.pins) != pins[node] ?? 0
                || Int(entry.blocks) != blocks
            {
                violations.append("node \(node) counts its children, pins or blocks wrong: \(entry)")
            }
            if entry.children == 0 && entry.pins == 0 && blocks == 0 { violations.append("nothing keeps node \(node)") }
        }
        if !pins.keys.allSatisfy(live.contains) { violations.append("a node that has gone is pinned") }
        let blockless = live.count { nodes[Int($0)].blocks == 0 }
        if blockless != blocklessCount { violations.append("\(blocklessCount) nodes are counted as without a block") }
        return violations
    }

    /// The tokens of a node's whole prefix, its own last.
    func prefix(of node: NodeID) -> [TokenID] {
        (nodes[Int(node)].parent.map(prefix(of:)) ?? []) + tokens(of: node)
    }
}
