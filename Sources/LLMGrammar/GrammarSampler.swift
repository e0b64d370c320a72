/// Random texts that a grammar matches, the same for the same seed.
package struct GrammarSampler {
    /// Steps that one text may take, and how many productions deep it may go, before it is to come to an end; calls within
    /// calls at most.
    private static let limits = (steps: 400, depth: 12, fuel: 40_000, calls: 1_000)

    private var grammar: Grammar
    private var arena = RegexArena()
    private var expressions: [Int: RegexArena.ID] = [:]
    private var random: SplitMix64
    private var steps = 0
    private var fuel = 0
    private var calls = 0

    package init(_ grammar: Grammar, seed: UInt64) {
        self.grammar = grammar
        random = SplitMix64(state: seed)
    }

    /// A text; nil where none was found within the fuel.
    package mutating func next() throws(GrammarError) -> [UInt8]? {
        guard let start = grammar.start else { return nil }
        steps = 0
        fuel = Self.limits.fuel
        return try text(of: [.rule(start)], 0, [], depth: 0)
    }

    private mutating func text(
        of symbols: ArraySlice<GrammarSymbol>, _ parameter: UInt64, _ seen: Set<[UInt8]>, depth: Int
    ) throws(GrammarError) -> [UInt8]? {
        guard let symbol = symbols.first else { return [] }
        let rest = symbols.dropFirst()
        fuel -= 1
        steps += 1
        guard fuel > 0, depth < 200, calls < Self.limits.calls else { return nil }
        calls += 1
        defer { calls -= 1 }
        switch symbol {
        case .lexeme(let lexeme):
            guard let here = try sample(lexeme), let after = try text(of: rest, parameter, seen, depth: depth) else {
                return nil
            }
            return here + after
        case .unseen(let lexeme):
            for _ in 0..<20 {
                guard let value = try value(lexeme), !seen.contains(value) else { continue }
                let skip = try space(before: lexeme)
                guard let after = try text(of: rest, parameter, seen.union([value]), depth: depth) else { return nil }
                return skip + value + after
            }
            return nil
        case .tokens: return nil
        case .rule(let rule, let change, let keepsSeen):
            let argument = change.applied(to: parameter)
            var productions = try grammar.productions(of: rule).filter { $0.condition.holds(for: argument) }
            productions.shuffle(using: &random)
            if steps > Self.limits.steps || depth > Self.limits.depth {
                productions.sort { $0.symbols.count < $1.symbols.count }
            }
            for production in productions {
                guard
                    let here = try text(
                        of: production.symbols[...], argument, keepsSeen ? seen : [],
                        depth: depth + (rest.isEmpty ? 0 : 1)),
                    let after = try text(of: rest, parameter, seen, depth: depth)
                else {
                    if fuel <= 0 { return nil }
                    continue
                }
                return here + after
            }
            return nil
        }
    }

    private mutating func sample(_ lexeme: LexemeID) throws(GrammarError) -> [UInt8]? {
        guard let value = try value(lexeme) else { return nil }
        return try space(before: lexeme) + value
    }

    private mutating func space(before lexeme: LexemeID) throws(GrammarError) -> [UInt8] {
        guard let skip = grammar.lexemes[lexeme.index].skip, random.next() % 4 == 0 else { return [] }
        return try value(skip) ?? []
    }

    private mutating func value(_ lexeme: LexemeID) throws(GrammarError) -> [UInt8]? {
        let id: RegexArena.ID
        if let known = expressions[lexeme.index] {
            id = known
        } else {
            id = try arena.compile(grammar.lexemes[lexeme.index].expression)
            expressions[lexeme.index] = id
        }
        guard try arena.matchesSomething(id) else { return nil }
        return try walk(id)
    }

    /// A random way through an automaton, the shortest to an end once it is long.
    private mutating func walk(_ start: RegexArena.ID) throws(GrammarError) -> [UInt8]? {
        var state = start
        var text: [UInt8] = []
        while true {
            if arena.isNullable(state), text.count > 24 || random.next() % 6 == 0 { return text }
            if text.count > 80 { return try shortest(state).map { text + $0 } }
            var edges: [RegexArena.Edge] = []
            for index in arena.partition(of: state) where try arena.matchesSomething(arena.edges[index].target) {
                edges.append(arena.edges[index])
            }
            guard !edges.isEmpty else { return arena.isNullable(state) ? text : nil }
            var edge = edges[Int(random.next() % UInt64(edges.count))]
            if edge.set == ByteSet([UInt8(ascii: "\\")]), random.next() % 4 != 0 {
                edge = edges[Int(random.next() % UInt64(edges.count))]
            }
            text.append(byte(of: edge.set))
            state = edge.target
        }
    }

    /// A byte of a set, a letter or digit where there is one, mostly.
    private mutating func byte(of set: ByteSet) -> UInt8 {
        var bytes: [UInt8] = []
        var plain: [UInt8] = []
        set.forEach {
            bytes.append($0)
            if (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) { plain.append($0) }
        }
        // Few escapes, which go on for long.
        if bytes.count > 1, random.next() % 8 != 0 { bytes.removeAll { $0 == UInt8(ascii: "\\") } }
        let choice = plain.isEmpty || random.next() % 5 == 0 ? bytes : plain
        return choice[Int(random.next() % UInt64(choice.count))]
    }

    private mutating func shortest(_ start: RegexArena.ID) throws(GrammarError) -> [UInt8]? {
        var ways: [RegexArena.ID: (from: RegexArena.ID, byte: UInt8)] = [start: (start, 0)]
        var queue = [start]
        var next = 0
        while next < queue.count, next < RegexArena.searchLimit {
            let state = queue[next]
            next += 1
            if arena.isNullable(state) {
                var text: [UInt8] = []
                var place = state
                while place != start, let way = ways[place] {
                    text.append(way.byte)
                    place = way.from
                }
                return text.reversed()
            }
            for index in arena.partition(of: state) where ways[arena.edges[index].target] == nil {
                ways[arena.edges[index].target] = (state, arena.edges[index].set.first)
                queue.append(arena.edges[index].target)
            }
        }
        return nil
    }
}

/// A generator of random numbers whose seed is its whole state.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
