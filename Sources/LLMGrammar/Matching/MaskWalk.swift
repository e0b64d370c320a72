/// A mask that is being worked out: where the walk of the tries stands, so that it can stop and go on.
///
/// The text of a lexeme that must be unseen decides only on tokens that end the lexeme and go on to another that must be
/// unseen. Those are left open, as subtrees, while the tries are walked without regard to such texts; then, and each time
/// that the mask is used again, they are walked with regard to them.
struct MaskWalk {
    /// What one step of a walk costs in fuel, where it is more than a look-up.
    static let slowStepCost = 8

    /// Tokens that a text that is not in the place decides on: a node's subtree, and the bytes before the node.
    struct OpenSubtree {
        let trie: Int
        let node: Int
        let prefix: [UInt8]
    }

    enum Stage {
        case tries
        case openSubtrees
    }

    var mask: TokenMask
    private(set) var openSubtrees: [OpenSubtree] = []
    private(set) var stage: Stage
    private let origin: GrammarTables.Place
    /// The tries that are walked begin here.
    private let firstTrie: Int
    private var byte = 0
    private var trie: Int
    private var nextSubtree = 0
    /// The node that is next, and where the subtree that is walked ends; none is begun where they are equal.
    private var node = 0
    private var end = 0
    // What each depth of the path to `node` has: the place before its byte, and where its lexeme began, -1 for before the
    // token; `unseenMark` is added where a lexeme that must be unseen has ended since.
    private var rows: [Int32]
    private var states: [Int32]
    private var starts: [Int32]
    private var path: [UInt8]
    private static let unseenMark: Int32 = 1 << 16

    /// - Parameter firstTrie: the slices below it are in `mask` already.
    init(
        _ mask: TokenMask, from origin: GrammarTables.Place, firstTrie: Int, longestToken: Int
    ) {
        self.mask = mask
        self.origin = origin
        self.firstTrie = firstTrie
        trie = firstTrie
        stage = .tries
        rows = [Int32](repeating: 0, count: longestToken + 1)
        states = rows
        starts = rows
        path = [UInt8](repeating: 0, count: longestToken + 1)
        rows[0] = origin.row
        states[0] = origin.state
        starts[0] = -1
    }

    /// A mask that is known but for some subtrees.
    init(
        _ mask: TokenMask, from origin: GrammarTables.Place, _ openSubtrees: [OpenSubtree], longestToken: Int
    ) {
        self.init(mask, from: origin, firstTrie: 0, longestToken: longestToken)
        self.openSubtrees = openSubtrees
        stage = .openSubtrees
    }

    /// Walks the tries on until their end, or until `fuel` is used up; says whether it is at the end.
    mutating func run(
        _ tables: inout GrammarTables, pending: [UInt8], fuel: inout Int
    ) throws(GrammarError) -> Bool {
        let vocabulary = tables.vocabulary
        while byte < 256 {
            // What a first byte that is dead begins is not looked at.
            if tables.lexer.entry(origin.state, UInt8(byte)) == 0 {
                byte += 1
                continue
            }
            while trie < vocabulary.tries.count {
                if node == end {
                    node = vocabulary.tries[trie].firstBytes[byte]
                    end = vocabulary.tries[trie].firstBytes[byte + 1]
                }
                if node < end {
                    try walk(vocabulary.tries[trie], &tables, pending: pending, fuel: &fuel)
                    if node < end { return false }
                }
                end = 0
                node = 0
                trie += 1
            }
            trie = firstTrie
            byte += 1
        }
        stage = .openSubtrees
        return true
    }

    /// Walks the subtrees that were left open, in the same way.
    mutating func finish(
        _ tables: inout GrammarTables, pending: [UInt8], fuel: inout Int
    ) throws(GrammarError) -> Bool {
        while nextSubtree < openSubtrees.count {
            let subtree = openSubtrees[nextSubtree]
            let trie = tables.vocabulary.tries[subtree.trie]
            if node == end {
                guard try retrace(subtree.prefix, &tables, pending: pending) else {
                    nextSubtree += 1
                    continue
                }
                node = subtree.node
                end = subtree.node + TokenTrie.size(trie.nodes[subtree.node])
            }
            try walk(trie, &tables, pending: pending, fuel: &fuel)
            if node < end { return false }
            node = 0
            end = 0
            nextSubtree += 1
        }
        return true
    }

    /// Goes the way to a node's place again; says whether there is one.
    private mutating func retrace(
        _ prefix: [UInt8], _ tables: inout GrammarTables, pending: [UInt8]
    ) throws(GrammarError) -> Bool {
        for (depth, byte) in prefix.enumerated() {
            path[depth] = byte
            guard try step(byte, depth, &tables, pending: pending) == .alive else { return false }
        }
        return true
    }

    private enum StepOutcome {
        case alive
        case dead
        case open
    }

    /// Puts the place after `byte` at the next depth.
    private mutating func step(
        _ byte: UInt8, _ depth: Int, _ tables: inout GrammarTables, pending: [UInt8]
    ) throws(GrammarError) -> StepOutcome {
        let isMarked = starts[depth] >= Self.unseenMark
        let start = isMarked ? starts[depth] - Self.unseenMark : starts[depth]
        let minds = stage == .openSubtrees
        let found = try tables.step(
            GrammarTables.Place(row: rows[depth], state: states[depth]), byte,
            text: minds ? (start < 0 ? pending + path[..<depth] : Array(path[Int(start)..<depth])) : nil)
        if found.place.isDead { return .dead }
        let endsUnseen = isMarked || found.endsUnseen
        if !minds, endsUnseen, found.place.row >= 0, tables.parser.rows[Int(found.place.row)].hasUnseen { return .open }
        states[depth + 1] = found.place.state
        rows[depth + 1] = found.place.row
        switch found.start {
        case .earlier: starts[depth + 1] = start
        case .withThisByte: starts[depth + 1] = Int32(depth)
        case .afterThisByte: starts[depth + 1] = Int32(depth + 1)
        }
        if endsUnseen { starts[depth + 1] = max(starts[depth + 1], 0) + Self.unseenMark }
        return .alive
    }

    private mutating func walk(
        _ trie: TokenTrie, _ tables: inout GrammarTables, pending: [UInt8], fuel: inout Int
    ) throws(GrammarError) {
        while node < end && fuel > 0 {
            plainSteps(trie, tables.lexer, fuel: &fuel)
            guard node < end else { return }
            // A byte does more here than lead to a state, or the fuel is used up.
            let content = trie.nodes[node]
            let depth = TokenTrie.depth(content)
            let byte = TokenTrie.byte(content)
            path[depth] = byte
            let stateCount = tables.lexer.stateCount
            let outcome = try step(byte, depth, &tables, pending: pending)
            fuel -= Self.slowStepCost + (tables.lexer.stateCount - stateCount) * 100
            switch outcome {
            case .alive:
                let token = TokenTrie.token(content)
                if token >= 0 { mask.insert(token) }
                node += 1
            case .dead: node += TokenTrie.size(content)
            case .open:
                openSubtrees.append(OpenSubtree(trie: self.trie, node: node, prefix: Array(path[..<depth])))
                node += TokenTrie.size(content)
            }
        }
    }

    /// Walks on while bytes lead from state to state and do nothing else.
    private mutating func plainSteps(_ trie: TokenTrie, _ lexer: borrowing Lexer, fuel: inout Int) {
        // Taken out for the loop, so that their spans are of variables of their own.
        var (pathStates, pathRows, pathStarts, pathBytes) = (states, rows, starts, path)
        var words = mask.words
        (states, rows, starts, path, mask.words) = ([], [], [], [], [])
        do {
            let nodes = trie.nodes.span
            let table = lexer.table.span
            let end = end
            var states = pathStates.mutableSpan
            var rows = pathRows.mutableSpan
            var starts = pathStarts.mutableSpan
            var path = pathBytes.mutableSpan
            var bits = words.mutableSpan
            var node = node
            var left = fuel
            while node < end && left > 0 {
                let content = nodes[node]
                let depth = TokenTrie.depth(content)
                let byte = TokenTrie.byte(content)
                let entry = table[Int(states[depth]) << 8 | Int(byte)]
                left -= 1
                if entry == 0 {
                    node += TokenTrie.size(content)
                    continue
                }
                if entry < 0 { break }
                path[depth] = byte
                states[depth + 1] = entry
                rows[depth + 1] = rows[depth]
                starts[depth + 1] = starts[depth]
                let token = TokenTrie.token(content)
                if token >= 0 { bits[Int(token) >> 6] |= 1 << UInt64(token & 63) }
                node += 1
            }
            self.node = node
            fuel = left
        }
        (states, rows, starts, path, mask.words) = (pathStates, pathRows, pathStarts, pathBytes, words)
    }
}
