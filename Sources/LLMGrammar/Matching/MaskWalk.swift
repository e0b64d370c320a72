/// A mask that is being worked out: where the walk of the tries stands, so that it can stop and go on.
///
/// Where a lexeme that must be unseen has begun, its text so far is not in the place. It decides only on tokens that end
/// the lexeme and go on into another that must be unseen: those are left open, as subtrees, when the mask is kept, and
/// walked each time it is used.
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
    private let leavesOpen: Bool
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
    // token.
    private var rows: [Int32]
    private var states: [Int32]
    private var starts: [Int32]
    private var path: [UInt8]

    /// - Parameter firstTrie: the slices below it are in `mask` already.
    init(
        _ mask: TokenMask, from origin: GrammarTables.Place, firstTrie: Int, leavesOpen: Bool, longestToken: Int
    ) {
        self.mask = mask
        self.origin = origin
        self.firstTrie = firstTrie
        self.leavesOpen = leavesOpen
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
        self.init(mask, from: origin, firstTrie: 0, leavesOpen: false, longestToken: longestToken)
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
                    try walk(vocabulary.tries[trie], &tables, pending: pending, leavesOpen: leavesOpen, fuel: &fuel)
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
            try walk(trie, &tables, pending: pending, leavesOpen: false, fuel: &fuel)
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
            guard try step(byte, depth, &tables, pending: pending) else { return false }
        }
        return true
    }

    /// Puts the place after `byte` at the next depth; says whether there is one.
    private mutating func step(
        _ byte: UInt8, _ depth: Int, _ tables: inout GrammarTables, pending: [UInt8]
    ) throws(GrammarError) -> Bool {
        let start = starts[depth]
        let found = try tables.step(
            GrammarTables.Place(row: rows[depth], state: states[depth]), byte,
            text: start < 0 ? pending + path[..<depth] : Array(path[Int(start)..<depth]))
        if found.place.isDead { return false }
        states[depth + 1] = found.place.state
        rows[depth + 1] = found.place.row
        switch found.start {
        case .earlier: starts[depth + 1] = start
        case .withThisByte: starts[depth + 1] = Int32(depth)
        case .afterThisByte: starts[depth + 1] = Int32(depth + 1)
        }
        return true
    }

    private mutating func walk(
        _ trie: TokenTrie, _ tables: inout GrammarTables, pending: [UInt8], leavesOpen: Bool, fuel: inout Int
    ) throws(GrammarError) {
        while node < end && fuel > 0 {
            plainSteps(trie, tables.lexer, leavesOpen: leavesOpen, fuel: &fuel)
            guard node < end else { return }
            // A byte does more here than lead to a state.
            let content = trie.nodes[node]
            let depth = TokenTrie.depth(content)
            if leavesOpen && starts[depth] >= 0 && tables.lexer.holdsUnseen[Int(states[depth])] {
                openSubtrees.append(OpenSubtree(trie: self.trie, node: node, prefix: Array(path[..<depth])))
                node += TokenTrie.size(content)
                continue
            }
            path[depth] = TokenTrie.byte(content)
            let stateCount = tables.lexer.stateCount
            let isAlive = try step(TokenTrie.byte(content), depth, &tables, pending: pending)
            fuel -= Self.slowStepCost + (tables.lexer.stateCount - stateCount) * 100
            guard isAlive else {
                node += TokenTrie.size(content)
                continue
            }
            let token = TokenTrie.token(content)
            if token >= 0 { mask.insert(token) }
            node += 1
        }
    }

    /// Walks on while bytes lead from state to state and do nothing else.
    private mutating func plainSteps(_ trie: TokenTrie, _ lexer: borrowing Lexer, leavesOpen: Bool, fuel: inout Int) {
        // Taken out for the loop, so that their spans are of variables of their own.
        var (pathStates, pathRows, pathStarts, pathBytes) = (states, rows, starts, path)
        var words = mask.words
        (states, rows, starts, path, mask.words) = ([], [], [], [], [])
        do {
            let nodes = trie.nodes.span
            let table = lexer.table.span
            let holdsUnseen = lexer.holdsUnseen.span
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
                if entry < 0 || leavesOpen && starts[depth] >= 0 && holdsUnseen[Int(states[depth])] { break }
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
