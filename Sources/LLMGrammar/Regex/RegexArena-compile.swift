internal import LLMJSON

extension RegexArena {
    /// The most that a repetition may count to.
    static let countLimit = 1_000_000

    /// The node of an expression.
    mutating func compile(_ expression: RegexExpression) throws(GrammarError) -> ID {
        try compile(expression, then: Self.empty)
    }

    private mutating func compile(_ expression: RegexExpression, then tail: ID) throws(GrammarError) -> ID {
        switch expression {
        case .never: return Self.never
        case .empty: return tail
        case .bytes(let set): return dispatch([(set, tail)])
        case .characters(let set): return concat(scalars(set), tail)
        case .literal(let bytes): return literal(bytes[...], then: tail)
        case .sequence(let parts):
            var result = tail
            for part in parts.reversed() { result = try compile(part, then: result) }
            return result
        case .either(let parts): return try either(parts, then: tail)
        case .both(let parts):
            var ids: [ID] = []
            for part in parts { ids.append(try compile(part)) }
            return concat(both(ids), tail)
        case .not(let inner): return concat(not(try compile(inner)), tail)
        case .repeated(let inner, let min, let max):
            guard min >= 0, max ?? min >= min, max ?? min <= Self.countLimit else {
                throw GrammarError(
                    .refused,
                    "a repetition counts to \(max ?? min); it must be between its least and \(Self.countLimit)")
            }
            return concat(repeated(try compile(inner), min: Int32(min), max: max.map(Int32.init) ?? -1), tail)
        case .remainder(let number): return concat(remainder(RemainderState(number)), tail)
        case .jsonQuoted(let inner, let spelling):
            return try compile(try spelling.spelled(inner), then: tail)
        }
    }

    mutating func literal(_ bytes: ArraySlice<UInt8>, then tail: ID) -> ID {
        var result = tail
        for byte in bytes.reversed() { result = dispatch([(ByteSet(byte...byte), result)]) }
        return result
    }

    private mutating func either(_ parts: [RegexExpression], then tail: ID) throws(GrammarError) -> ID {
        var literals: [[UInt8]] = []
        var ids: [ID] = []
        for part in parts {
            if case .literal(let bytes) = part {
                literals.append(bytes)
            } else {
                ids.append(try compile(part))
            }
        }
        let rest = concat(either(ids), tail)
        guard !literals.isEmpty else { return rest }
        literals.sort { $0.lexicographicallyPrecedes($1) }
        return either([trie(literals[...], at: 0, then: tail), rest])
    }

    /// The tree of the common prefixes of sorted literals, past their first `depth` bytes, which are equal.
    private mutating func trie(_ literals: ArraySlice<[UInt8]>, at depth: Int, then tail: ID) -> ID {
        if literals.count == 1 { return literal(literals.first![depth...], then: tail) }
        // Only texts that begin one another nest.
        self.depth += 1
        defer { self.depth -= 1 }
        guard self.depth <= Self.depthLimit else {
            exhaust()
            return Self.never
        }
        var rest = literals
        var ends = false
        while let first = rest.first, first.count == depth {
            ends = true
            rest = rest.dropFirst()
        }
        // A common stretch is no recursion, so the depth is that of the branching.
        if !ends, let first = rest.first, let last = rest.last {
            var common = depth
            while common < first.count, common < last.count, first[common] == last[common] { common += 1 }
            if common > depth {
                return literal(first[depth..<common], then: trie(rest, at: common, then: tail))
            }
        }
        var branches: [(set: ByteSet, target: ID)] = []
        while let first = rest.first {
            let byte = first[depth]
            let end = rest.firstIndex { $0[depth] != byte } ?? rest.endIndex
            branches.append((ByteSet(byte...byte), trie(rest[..<end], at: depth + 1, then: tail)))
            rest = rest[end...]
        }
        if ends && tail == Self.empty { return dispatch(branches, nullable: true) }
        let open = dispatch(branches)
        return ends ? either([open, tail]) : open
    }

    /// `trie` and one text more, where `trie` is a tree of texts that was made so from ``never``.
    mutating func inserting(_ bytes: ArraySlice<UInt8>, into trie: ID) -> ID {
        var path: [(edges: [(set: ByteSet, target: ID)], place: Int, nullable: Bool)] = []
        var place = trie
        var index = bytes.startIndex
        while index < bytes.endIndex, place != Self.never, place != Self.empty {
            let node = nodes[Int(place)]
            var branches: [(set: ByteSet, target: ID)] = []
            var found: Int?
            for word in stride(from: Int(node.x), to: Int(node.x + node.y), by: 2) {
                let set = byteSets[Int(words[word])]
                let target = words[word + 1]
                // A set of several bytes is split, so that one byte goes its own way.
                if set.contains(bytes[index]) {
                    let others = set.subtracting(ByteSet(bytes[index]...bytes[index]))
                    if !others.isEmpty { branches.append((others, target)) }
                    found = branches.count
                    branches.append((ByteSet(bytes[index]...bytes[index]), target))
                } else {
                    branches.append((set, target))
                }
            }
            guard let found else {
                branches.append((ByteSet(bytes[index]...bytes[index]), Self.never))
                path.append((branches, branches.count - 1, node.nullable))
                place = Self.never
                index += 1
                break
            }
            path.append((branches, found, node.nullable))
            place = branches[found].target
            index += 1
        }
        var result: ID
        if index == bytes.endIndex {
            let node = nodes[Int(place)]
            if place == Self.never || place == Self.empty {
                result = Self.empty
            } else {
                var branches: [(set: ByteSet, target: ID)] = []
                for word in stride(from: Int(node.x), to: Int(node.x + node.y), by: 2) {
                    branches.append((byteSets[Int(words[word])], words[word + 1]))
                }
                result = dispatch(branches, nullable: true)
            }
        } else {
            result = literal(bytes[index...], then: Self.empty)
            if place == Self.empty {
                let node = nodes[Int(result)]
                result = dispatch(
                    [(byteSets[Int(words[Int(node.x)])], words[Int(node.x) + 1])], nullable: true)
            }
        }
        for step in path.reversed() {
            var branches = step.edges
            branches[step.place].target = result
            result = dispatch(branches, nullable: step.nullable)
        }
        return result
    }

    /// One scalar of a set, as UTF-8.
    mutating func scalars(_ set: ScalarSet) -> ID {
        if let known = compiledScalars[set] { return known }
        let sequences = set.ranges.flatMap(UTF8Range.sequences)
        let id = utf8(sequences[...], at: 0)
        compiledScalars[set] = id
        return id
    }

    private mutating func utf8(_ sequences: ArraySlice<[ClosedRange<UInt8>]>, at depth: Int) -> ID {
        var rest = sequences
        var branches: [(set: ByteSet, target: ID)] = []
        while let first = rest.first {
            guard depth < first.count else { return Self.empty }
            let end = rest.firstIndex { $0[depth] != first[depth] } ?? rest.endIndex
            branches.append((ByteSet(first[depth]), utf8(rest[..<end], at: depth + 1)))
            rest = rest[end...]
        }
        return dispatch(branches)
    }
}

/// Ranges of scalars as ranges of the bytes of their UTF-8.
enum UTF8Range {
    /// Byte ranges in a row whose texts are together the scalars of `range`, in order. First ranges are equal or apart.
    static func sequences(_ range: ClosedRange<UInt32>) -> [[ClosedRange<UInt8>]] {
        var result: [[ClosedRange<UInt8>]] = []
        for (count, whole) in [(1, 0...0x7F), (2, 0x80...0x7FF), (3, 0x800...0xFFFF), (4, 0x1_0000...0x10_FFFF)]
            as [(Int, ClosedRange<UInt32>)]
        where range.overlaps(whole) {
            split(range.clamped(to: whole), count: count, into: &result)
        }
        return result
    }

    private static func split(_ range: ClosedRange<UInt32>, count: Int, into result: inout [[ClosedRange<UInt8>]]) {
        var range = range
        for level in 1..<max(count, 1) {
            let mask = (UInt32(1) << UInt32(6 * level)) - 1
            guard range.lowerBound & ~mask != range.upperBound & ~mask else { continue }
            if range.lowerBound & mask != 0 {
                split(range.lowerBound...range.lowerBound | mask, count: count, into: &result)
                split((range.lowerBound | mask) + 1...range.upperBound, count: count, into: &result)
                return
            }
            if range.upperBound & mask != mask {
                split(range.lowerBound...(range.upperBound & ~mask) - 1, count: count, into: &result)
                range = range.upperBound & ~mask...range.upperBound
                split(range, count: count, into: &result)
                return
            }
        }
        let (first, last) = (bytes(range.lowerBound, count), bytes(range.upperBound, count))
        result.append(zip(first, last).map { $0...$1 })
    }

    private static func bytes(_ scalar: UInt32, _ count: Int) -> [UInt8] {
        if count == 1 { return [UInt8(scalar)] }
        let lead: [UInt8] = [0, 0, 0xC0, 0xE0, 0xF0]
        var result = [lead[count] | UInt8(scalar >> UInt32(6 * (count - 1)))]
        for level in stride(from: count - 2, through: 0, by: -1) {
            result.append(0x80 | UInt8(scalar >> UInt32(6 * level) & 0x3F))
        }
        return result
    }
}
