/// Regular expressions as nodes that are kept once each, so that equal ones have equal numbers.
///
/// Constructors simplify: that, not a later pass, is what keeps derivatives of counted, negated and intersected
/// expressions few. The derivative by each byte comes from ``partition(of:)``.
struct RegexArena {
    typealias ID = Int32

    enum Kind: UInt8 {
        case never
        case empty
        /// A byte decides: pairs of a byte set and what must follow. The empty text matches too where `nullable` says so.
        case dispatch
        /// `x` then `y`; `x` is no concatenation.
        case concat
        case either
        case both
        case not
        /// `x` from `y` to `z` times, `z` being -1 for no bound.
        case repeated
        case remainder
    }

    struct Node {
        var kind: Kind
        var nullable: Bool
        /// Whether it surely matches some text: no intersection, complement or remainder is inside.
        var plain: Bool
        var x: Int32
        var y: Int32
        var z: Int32
    }

    private(set) var nodes: [Node] = []
    /// Lists: of ids, or of a byte set's number and an id in turn.
    private(set) var words: [Int32] = []
    private(set) var byteSets: [ByteSet] = []
    private(set) var remainders: [RemainderState] = []
    private var table = InternTable(capacity: 1024)
    private var byteSetTable = InternTable()
    private var remainderIDs: [RemainderState: Int32] = [:]

    // The partitions that are known: edges[start ..< start + count], start -1 where it is not known.
    var partitionStarts: [Int32] = []
    var partitionCounts: [Int32] = []
    var edges: [Edge] = []
    /// What is known about whether anything matches.
    var emptiness: [Emptiness] = []
    /// Lengths of shortest texts, -1 where none was found.
    var shortestLengths: [ID: Int32] = [:]
    var compiledScalars: [ScalarSet: ID] = [:]
    /// How deep ``partition(of:)`` stands, and whether it was once too deep or the nodes were too many.
    var depth = 0
    private(set) var isExhausted = false

    static let never: ID = 0
    static let empty: ID = 1
    static let everything: ID = 2
    static let nodeLimit = 2_000_000
    static let depthLimit = 500

    init() {
        _ = node(Node(kind: .never, nullable: false, plain: false, x: 0, y: 0, z: 0))
        _ = node(Node(kind: .empty, nullable: true, plain: true, x: 0, y: 0, z: 0))
        _ = node(Node(kind: .not, nullable: true, plain: true, x: Self.never, y: 0, z: 0))
    }

    mutating func exhaust() { isExhausted = true }

    /// The bytes that all of it takes, about.
    var byteCount: Int {
        nodes.count * 48 + words.count * 4 + byteSets.count * 40 + edges.count * 40
    }

    func isNullable(_ id: ID) -> Bool { nodes[Int(id)].nullable }

    func list(_ node: Node) -> ArraySlice<Int32> { words[Int(node.x)..<Int(node.x) + Int(node.y)] }

    // MARK: Constructors

    mutating func byteSet(_ set: ByteSet) -> Int32 {
        var hash = RunningHash()
        for index in 0..<4 { hash.add(set.word(index)) }
        if let known = byteSetTable.find(hash.finished, where: { byteSets[$0] == set }) { return Int32(known) }
        byteSets.append(set)
        return Int32(byteSetTable.append(hash.finished))
    }

    /// One of some byte sets, each with what follows it. The sets do not overlap.
    mutating func dispatch(_ edges: [(set: ByteSet, target: ID)], nullable: Bool = false) -> ID {
        var merged: [(set: ByteSet, target: ID)] = []
        for edge in edges where edge.target != Self.never && !edge.set.isEmpty {
            if let index = merged.firstIndex(where: { $0.target == edge.target }), edges.count <= 300 {
                merged[index].set = merged[index].set.union(edge.set)
            } else {
                merged.append(edge)
            }
        }
        if merged.isEmpty { return nullable ? Self.empty : Self.never }
        if merged.count > 1 { merged.sort { $0.set.first < $1.set.first } }
        var content: [Int32] = []
        content.reserveCapacity(merged.count * 2)
        var plain = true
        for edge in merged {
            content.append(byteSet(edge.set))
            content.append(edge.target)
            plain = plain && nodes[Int(edge.target)].plain
        }
        return node(.dispatch, nullable: nullable, plain: plain || nullable, content)
    }

    mutating func concat(_ x: ID, _ y: ID) -> ID {
        if x == Self.never || y == Self.never { return Self.never }
        if x == Self.empty { return y }
        if y == Self.empty { return x }
        let head = nodes[Int(x)]
        if head.kind == .concat {
            var parts = [head.x]
            var rest = head.y
            while nodes[Int(rest)].kind == .concat {
                parts.append(nodes[Int(rest)].x)
                rest = nodes[Int(rest)].y
            }
            parts.append(rest)
            return parts.reversed().reduce(y) { concat($1, $0) }
        }
        let tail = nodes[Int(y)]
        // One set of bytes needs no concatenation: what follows it may be anything.
        if head.kind == .dispatch, !head.nullable, head.y == 2, words[Int(head.x) + 1] == Self.empty {
            return dispatch([(byteSets[Int(words[Int(head.x)])], y)])
        }
        return node(
            Node(
                kind: .concat, nullable: head.nullable && tail.nullable, plain: head.plain && tail.plain, x: x, y: y,
                z: 0))
    }

    mutating func either(_ parts: [ID]) -> ID {
        if parts.count == 1 { return parts[0] }
        if parts.count == 2 {
            if parts[0] == parts[1] || parts[1] == Self.never { return parts[0] }
            if parts[0] == Self.never { return parts[1] }
        }
        var flat: [ID] = []
        for part in parts {
            if part == Self.never { continue }
            if part == Self.everything { return part }
            let node = nodes[Int(part)]
            if node.kind == .either { flat += list(node) } else { flat.append(part) }
        }
        sortOnce(&flat)
        joinByteSets(&flat)
        joinCounts(&flat)
        if flat.count > 1, flat[0] == Self.empty, flat[1...].contains(where: { isNullable($0) }) { flat.removeFirst() }
        if flat.isEmpty { return Self.never }
        if flat.count == 1 { return flat[0] }
        return node(
            .either, nullable: flat.contains { isNullable($0) }, plain: flat.contains { nodes[Int($0)].plain }, flat)
    }

    mutating func both(_ parts: [ID]) -> ID {
        var flat: [ID] = []
        for part in parts {
            if part == Self.everything { continue }
            if part == Self.never { return part }
            let node = nodes[Int(part)]
            if node.kind == .both { flat += list(node) } else { flat.append(part) }
        }
        sortOnce(&flat)
        if flat.isEmpty { return Self.everything }
        if flat.count == 1 { return flat[0] }
        if flat[0] == Self.empty { return flat.allSatisfy { isNullable($0) } ? Self.empty : Self.never }
        for part in flat where nodes[Int(part)].kind == .not {
            if flat.contains(where: { isPlainlyWithin($0, nodes[Int(part)].x) }) { return Self.never }
        }
        return node(.both, nullable: flat.allSatisfy { isNullable($0) }, plain: false, flat)
    }

    mutating func not(_ x: ID) -> ID {
        let inner = nodes[Int(x)]
        if inner.kind == .not { return inner.x }
        return node(Node(kind: .not, nullable: !inner.nullable, plain: false, x: x, y: 0, z: 0))
    }

    mutating func repeated(_ x: ID, min: Int32, max: Int32) -> ID {
        if max == 0 || x == Self.empty { return Self.empty }
        if x == Self.never { return min == 0 ? Self.empty : Self.never }
        if min == 1 && max == 1 { return x }
        let inner = nodes[Int(x)]
        let least = inner.nullable ? 0 : min
        if inner.kind == .repeated, inner.y == 0, inner.z == -1 { return x }
        if x == Self.everything { return x }
        return node(
            Node(
                kind: .repeated, nullable: least == 0, plain: inner.plain || least == 0, x: x, y: least, z: max))
    }

    mutating func remainder(_ state: RemainderState) -> ID {
        if !state.canBecomeZero { return Self.never }
        if let known = remainderIDs[state] { return known }
        remainders.append(state)
        let id = node(
            Node(
                kind: .remainder, nullable: state.isZero, plain: false, x: Int32(remainders.count - 1), y: 0, z: 0))
        remainderIDs[state] = id
        return id
    }

    // MARK: Keeping nodes once

    private mutating func node(_ kind: Kind, nullable: Bool, plain: Bool, _ content: [Int32]) -> ID {
        var hash = RunningHash()
        hash.add(UInt64(kind.rawValue) << 1 | (nullable ? 1 : 0))
        for word in content { hash.add(word) }
        let known = table.find(hash.finished) { id in
            let other = nodes[id]
            guard other.kind == kind, other.nullable == nullable, Int(other.y) == content.count else { return false }
            let start = Int(other.x)
            for index in content.indices where words[start + index] != content[index] { return false }
            return true
        }
        if let known { return Int32(known) }
        let start = Int32(words.count)
        words += content
        return append(
            Node(kind: kind, nullable: nullable, plain: plain, x: start, y: Int32(content.count), z: 0), hash.finished)
    }

    private mutating func node(_ node: Node) -> ID {
        var hash = RunningHash()
        hash.add(UInt64(node.kind.rawValue) << 1)
        hash.add(node.x)
        hash.add(node.y)
        hash.add(node.z)
        let known = table.find(hash.finished) { id in
            let other = nodes[id]
            return other.kind == node.kind && other.x == node.x && other.y == node.y && other.z == node.z
        }
        if let known { return Int32(known) }
        return append(node, hash.finished)
    }

    private mutating func append(_ node: Node, _ hash: UInt64) -> ID {
        nodes.append(node)
        partitionStarts.append(-1)
        partitionCounts.append(0)
        emptiness.append(node.plain ? .matches : node.kind == .never ? .matchesNothing : .unknown)
        if nodes.count > Self.nodeLimit { isExhausted = true }
        return Int32(table.append(hash))
    }

    // MARK: Simplifying alternatives

    private func sortOnce(_ ids: inout [ID]) {
        guard ids.count > 1 else { return }
        ids.sort()
        var kept = 1
        for index in 1..<ids.count where ids[index] != ids[kept - 1] {
            ids[kept] = ids[index]
            kept += 1
        }
        ids.removeSubrange(kept...)
    }

    /// Joins alternatives that are one byte set each, with the same to follow.
    private mutating func joinByteSets(_ ids: inout [ID]) {
        guard ids.count > 1 else { return }
        let single = ids.indices.filter { index in
            let node = nodes[Int(ids[index])]
            return node.kind == .dispatch && !node.nullable && node.y == 2
        }
        guard single.count > 1 else { return }
        var joined: [(target: ID, set: ByteSet, count: Int)] = []
        var places: [ID: Int] = [:]
        for index in single {
            let start = Int(nodes[Int(ids[index])].x)
            let set = byteSets[Int(words[start])]
            if let place = places[words[start + 1]] {
                joined[place].set = joined[place].set.union(set)
                joined[place].count += 1
            } else {
                places[words[start + 1]] = joined.count
                joined.append((words[start + 1], set, 1))
            }
        }
        guard joined.count < single.count else { return }
        let gone = Set(single)
        ids = ids.indices.filter { !gone.contains($0) }.map { ids[$0] }
        for each in joined { ids.append(dispatch([(each.set, each.target)])) }
        sortOnce(&ids)
    }

    /// Of `x{0,4}y` and `x{0,5}y` only the second is kept.
    private mutating func joinCounts(_ ids: inout [ID]) {
        guard ids.count > 1 else { return }
        var most: [UInt64: (index: Int, max: Int32)] = [:]
        var gone: [Int] = []
        for index in ids.indices {
            var node = nodes[Int(ids[index])]
            var tail = Self.empty
            if node.kind == .concat {
                tail = node.y
                node = nodes[Int(node.x)]
            }
            guard node.kind == .repeated, node.y == 0 else { continue }
            let key = PairTable.pair(node.x, tail)
            guard let known = most[key] else {
                most[key] = (index, node.z)
                continue
            }
            if known.max == -1 || node.z != -1 && node.z <= known.max {
                gone.append(index)
            } else {
                gone.append(known.index)
                most[key] = (index, node.z)
            }
        }
        for index in gone.sorted(by: >) { ids.remove(at: index) }
    }
}
