extension RegexArena {
    /// How deep ``isPlainlyWithin(_:_:depth:)`` compares.
    private static let inclusionDepth = 12

    /// Whether every text of `a` is one of `b`, as far as their form shows it: `x{0,9}y` is within `x*y`. An intersection
    /// with the complement of what another part is within is empty, which a search would find out state by state.
    func isPlainlyWithin(_ a: ID, _ b: ID, depth: Int = Self.inclusionDepth) -> Bool {
        if a == b || a == Self.never || b == Self.everything { return true }
        guard depth > 0 else { return false }
        let (first, second) = (nodes[Int(a)], nodes[Int(b)])
        if first.nullable && !second.nullable { return false }
        switch (first.kind, second.kind) {
        case (.repeated, .repeated):
            return first.x == second.x && second.y <= first.y
                && (second.z < 0 || first.z >= 0 && first.z <= second.z)
        case (.concat, .concat):
            return first.x == second.x && isPlainlyWithin(first.y, second.y, depth: depth - 1)
                || isPlainlyWithin(first.x, second.x, depth: 1) && first.y == second.y
        case (.dispatch, .dispatch):
            guard first.y == second.y else { return false }
            for index in stride(from: 0, to: Int(first.y), by: 2) {
                let (left, right) = (Int(first.x) + index, Int(second.x) + index)
                guard words[left] == words[right],
                    isPlainlyWithin(words[left + 1], words[right + 1], depth: depth - 1)
                else { return false }
            }
            return true
        case (_, .either): return list(second).contains { isPlainlyWithin(a, $0, depth: 1) }
        default: return false
        }
    }
}
