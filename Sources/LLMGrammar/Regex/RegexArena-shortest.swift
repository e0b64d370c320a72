extension RegexArena {
    /// How many bytes the shortest text of an expression has; nil where nothing matches or the search takes too long.
    mutating func shortestLength(_ id: ID) -> Int? {
        if let known = shortestLengths[id] { return known < 0 ? nil : Int(known) }
        var seen: Set<ID> = [id]
        var level = [id]
        var length = 0
        while !level.isEmpty, seen.count <= Self.searchLimit {
            if level.contains(where: { isNullable($0) }) {
                shortestLengths[id] = Int32(length)
                return length
            }
            var next: [ID] = []
            for each in level {
                for index in partition(of: each) where seen.insert(edges[index].target).inserted {
                    next.append(edges[index].target)
                }
            }
            level = next
            length += 1
        }
        shortestLengths[id] = -1
        return nil
    }
}
