extension RegexArena {
    /// The bytes of `set` lead to `target`.
    struct Edge {
        var set: ByteSet
        var target: ID
    }

    /// What each byte leads to: edges that do not overlap, with targets that differ; bytes in none lead nowhere.
    mutating func partition(of id: ID) -> Range<Int> {
        if partitionStarts[Int(id)] < 0 {
            depth += 1
            let found = depth > Self.depthLimit ? [] : computePartition(of: nodes[Int(id)])
            if depth > Self.depthLimit { exhaust() }
            depth -= 1
            partitionStarts[Int(id)] = Int32(edges.count)
            partitionCounts[Int(id)] = Int32(found.count)
            edges += found
        }
        let start = Int(partitionStarts[Int(id)])
        return start..<start + Int(partitionCounts[Int(id)])
    }

    /// What is left to match after `byte`.
    mutating func derivative(of id: ID, by byte: UInt8) -> ID {
        for index in partition(of: id) where edges[index].set.contains(byte) { return edges[index].target }
        return Self.never
    }

    private mutating func computePartition(of node: Node) -> [Edge] {
        switch node.kind {
        case .never, .empty: return []
        case .dispatch:
            var result: [Edge] = []
            for index in stride(from: Int(node.x), to: Int(node.x + node.y), by: 2) {
                result.append(Edge(set: byteSets[Int(words[index])], target: words[index + 1]))
            }
            return result
        case .concat:
            var result: [Edge] = []
            for index in partition(of: node.x) {
                let target = concat(edges[index].target, node.y)
                result.append(Edge(set: edges[index].set, target: target))
            }
            if nodes[Int(node.x)].nullable {
                let second = partition(of: node.y)
                return overlay([result, Array(edges[second])]) { arena, targets in arena.either(targets) }
            }
            return merged(result)
        case .either:
            var parts: [[Edge]] = []
            for part in Array(list(node)) { parts.append(Array(edges[partition(of: part)])) }
            return overlay(parts) { arena, targets in arena.either(targets) }
        case .both:
            let ids = Array(list(node))
            var parts: [[Edge]] = []
            for part in ids { parts.append(Array(edges[partition(of: part)])) }
            return overlay(parts) { arena, targets in
                targets.count < ids.count ? Self.never : arena.both(targets)
            }
        case .not:
            var result: [Edge] = []
            var rest = ByteSet.all
            for index in partition(of: node.x) {
                let target = not(edges[index].target)
                rest = rest.subtracting(edges[index].set)
                if target != Self.never { result.append(Edge(set: edges[index].set, target: target)) }
            }
            if !rest.isEmpty { result.append(Edge(set: rest, target: Self.everything)) }
            return merged(result)
        case .repeated:
            let next = repeated(node.x, min: max(node.y - 1, 0), max: node.z < 0 ? -1 : node.z - 1)
            var result: [Edge] = []
            for index in partition(of: node.x) {
                let target = concat(edges[index].target, next)
                result.append(Edge(set: edges[index].set, target: target))
            }
            return merged(result)
        case .remainder:
            let state = remainders[Int(node.x)]
            var result: [Edge] = []
            for (byte, next) in state.successors {
                let target = remainder(next)
                if target != Self.never { result.append(Edge(set: ByteSet(byte...byte), target: target)) }
            }
            return merged(result)
        }
    }

    /// The partitions laid over one another: for each set of bytes that all of them treat alike, `join` of the targets
    /// that there are.
    mutating func overlay(_ parts: [[Edge]], _ join: (inout RegexArena, [ID]) -> ID) -> [Edge] {
        if parts.count == 2 { return overlay(parts[0], parts[1], join) }
        var pieces: [(set: ByteSet, targets: [ID])] = [(.all, [])]
        for part in parts {
            var next: [(set: ByteSet, targets: [ID])] = []
            next.reserveCapacity(pieces.count + part.count)
            for piece in pieces {
                var rest = piece.set
                for edge in part {
                    let common = rest.intersection(edge.set)
                    if common.isEmpty { continue }
                    next.append((common, piece.targets + [edge.target]))
                    rest = rest.subtracting(common)
                    if rest.isEmpty { break }
                }
                if !rest.isEmpty { next.append((rest, piece.targets)) }
            }
            pieces = next
        }
        var result: [Edge] = []
        for piece in pieces where !piece.targets.isEmpty {
            let target = join(&self, piece.targets)
            if target != Self.never { result.append(Edge(set: piece.set, target: target)) }
        }
        return merged(result)
    }

    private mutating func overlay(
        _ first: [Edge], _ second: [Edge], _ join: (inout RegexArena, [ID]) -> ID
    ) -> [Edge] {
        var result: [Edge] = []
        result.reserveCapacity(first.count + second.count)
        var left = second
        for edge in first {
            var rest = edge.set
            for index in left.indices {
                let common = rest.intersection(left[index].set)
                if common.isEmpty { continue }
                let target = join(&self, [edge.target, left[index].target])
                if target != Self.never { result.append(Edge(set: common, target: target)) }
                rest = rest.subtracting(common)
                left[index].set = left[index].set.subtracting(common)
                if rest.isEmpty { break }
            }
            if rest.isEmpty { continue }
            let target = join(&self, [edge.target])
            if target != Self.never { result.append(Edge(set: rest, target: target)) }
        }
        for edge in left where !edge.set.isEmpty {
            let target = join(&self, [edge.target])
            if target != Self.never { result.append(Edge(set: edge.set, target: target)) }
        }
        return merged(result)
    }

    /// The edges with equal targets as one.
    private func merged(_ edges: [Edge]) -> [Edge] {
        if edges.count < 2 { return edges }
        var result: [Edge] = []
        var places: [ID: Int] = [:]
        for edge in edges {
            if let place = places[edge.target] {
                result[place].set = result[place].set.union(edge.set)
            } else {
                places[edge.target] = result.count
                result.append(edge)
            }
        }
        return result
    }
}
