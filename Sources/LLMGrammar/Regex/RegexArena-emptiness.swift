internal import LLMJSON

extension RegexArena {
    enum Emptiness: UInt8 {
        case unknown
        case matches
        case matchesNothing
    }

    /// How many expressions one search for a match may look at.
    static let searchLimit = 20_000

    /// Whether any text matches. Intersections and complements have to search for one.
    mutating func matchesSomething(_ id: ID) throws(GrammarError) -> Bool {
        switch emptiness[Int(id)] {
        case .matches: return true
        case .matchesNothing: return false
        case .unknown: break
        }
        // Depth first; `path` leads to where the search stands, by the edges that are still to try.
        var path: [(id: ID, edges: Range<Int>)] = [(id, partition(of: id))]
        var seen: Set<ID> = [id]
        if isNullable(id) {
            emptiness[Int(id)] = .matches
            return true
        }
        func isWitness(_ target: ID) -> Bool { emptiness[Int(target)] == .matches || isNullable(target) }
        var isNew = true
        while let last = path.last {
            // What ends at once is looked for before anything is followed.
            if isNew, last.edges.contains(where: { isWitness(edges[$0].target) }) {
                for step in path { emptiness[Int(step.id)] = .matches }
                return true
            }
            isNew = false
            guard let index = last.edges.first else {
                path.removeLast()
                continue
            }
            path[path.count - 1].edges = last.edges.dropFirst()
            let target = edges[index].target
            if emptiness[Int(target)] == .matchesNothing || !seen.insert(target).inserted { continue }
            guard seen.count <= Self.searchLimit, !isExhausted else {
                throw GrammarError(
                    .tooComplex,
                    "whether an intersection or complement matches any text takes more than \(Self.searchLimit) steps "
                        + "to find out; use smaller ranges and counts")
            }
            path.append((target, partition(of: target)))
            isNew = true
        }
        for id in seen { emptiness[Int(id)] = .matchesNothing }
        return false
    }

    /// Whether some text matches both.
    mutating func overlap(_ a: ID, _ b: ID) throws(GrammarError) -> Bool { try matchesSomething(both([a, b])) }
}
