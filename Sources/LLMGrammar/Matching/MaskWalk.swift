/// A mask that is being worked out: where the walk of the tries stands, so that it can stop and go on.
struct MaskWalk {
    /// What one step of a walk costs in fuel, where it is more than a look-up.
    static let slowStepCost = 8

    var mask: TokenMask
    private let origin: GrammarTables.Place
    /// The tries that are walked, as a range of the vocabulary's.
    private let firstTrie: Int
    private var byte = 0
    private var trie: Int
    /// The node that is next, and where the subtree of this first byte ends; none is begun where they are equal.
    private var node = 0
    private var end = 0
    // What each depth of the path to `node` has: the place before its byte, and where its lexeme began, -1 for before the
    // token.
    private var rows: [Int32]
    private var states: [Int32]
    private var starts: [Int32]
    private var path: [UInt8]

    /// - Parameter firstTrie: the slices below it are in `mask` already.
    init(_ mask: TokenMask, from origin: GrammarTables.Place, firstTrie: Int, longestToken: Int) {
        self.mask = mask
        self.origin = origin
        self.firstTrie = firstTrie
        trie = firstTrie
        rows = [Int32](repeating: 0, count: longestToken + 1)
        states = rows
        starts = rows
        path = [UInt8](repeating: 0, count: longestToken + 1)
        rows[0] = origin.row
        states[0] = origin.state
        starts[0] = -1
    }

    /// Walks on until the end, or until `fuel` is used up; says whether it is at the end.
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
        return true
    }

    private mutating func walk(
        _ trie: TokenTrie, _ tables: inout GrammarTables, pending: [UInt8], fuel: inout Int
    ) throws(GrammarError) {
        var node = self.node
        let end = self.end
        var left = fuel
        defer {
            self.node = node
            fuel = left
        }
        while node < end && left > 0 {
            let content = trie.nodes[node]
            let depth = TokenTrie.depth(content)
            let byte = TokenTrie.byte(content)
            var state = states[depth]
            let entry = tables.lexer.entry(state, byte)
            left -= 1
            if entry > 0 {
                state = entry
                rows[depth + 1] = rows[depth]
                starts[depth + 1] = starts[depth]
            } else if entry == 0 {
                node += TokenTrie.size(content)
                continue
            } else {
                left -= Self.slowStepCost
                let states = tables.lexer.stateCount
                let start = starts[depth]
                let found = try tables.step(
                    GrammarTables.Place(row: rows[depth], state: state), byte,
                    text: start < 0 ? pending + path[..<depth] : Array(path[Int(start)..<depth]))
                left -= (tables.lexer.stateCount - states) * 100
                if found.place.isDead {
                    node += TokenTrie.size(content)
                    continue
                }
                state = found.place.state
                rows[depth + 1] = found.place.row
                switch found.start {
                case .earlier: starts[depth + 1] = start
                case .withThisByte: starts[depth + 1] = Int32(depth)
                case .afterThisByte: starts[depth + 1] = Int32(depth + 1)
                }
            }
            states[depth + 1] = state
            path[depth] = byte
            let token = TokenTrie.token(content)
            if token >= 0 { mask.insert(token) }
            node += 1
        }
    }
}
