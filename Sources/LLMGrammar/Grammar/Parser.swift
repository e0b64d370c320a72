internal import LLMJSON

/// An Earley parser whose rows are kept once each: equal rows with equal pasts are one, so a row that comes again, in this
/// output or another, costs one look-up, and to go back is to name an earlier row.
///
/// A row is what may come at a place. It follows from its kernel, the items behind whose dot something was just read. Where
/// a rule is called, a node remembers who goes on after it; a call that stands last is no call but a replacement, so lists
/// written with their rest last take no depth.
struct Parser {
    /// A dot in a production: `slot`, with the node that is told at the production's end.
    struct Item: Hashable {
        var slot: Int32
        var node: Int32
        /// The tree of the texts seen.
        var seen: Int32
        var parameter: UInt64
    }

    /// A symbol in its production, or its end.
    enum Slot {
        case end
        case lexeme(Int)
        case unseen(Int)
        case tokens(Int32)
        case rule(Int32, ParameterChange, keepsSeen: Bool)
    }

    struct Row {
        var kernel: Range<Int>
        /// Items by the lexeme that is read next, and past it.
        var scans: Range<Int>
        var tokens: Range<Int>
        /// Whether the output may end here.
        var isComplete: Bool
        /// Whether a lexeme of it must be unseen.
        var hasUnseen: Bool
        /// The skip lexeme that was just read, or -1.
        var skipped: Int32
    }

    private(set) var grammar: Grammar
    private var slots: [Slot] = []
    private var ruleProductions: [Int32: [(condition: ParameterCondition, slot: Int32)]] = [:]
    private(set) var rows: [Row] = []
    private var kernels: [Item] = []
    private(set) var scans: [(instance: Int32, item: Item)] = []
    private(set) var tokenItems: [(tokens: Int32, item: Item)] = []
    /// Who goes on after a node's rule. The first node is the whole output's.
    private var nodeCallers: [Range<Int>] = [0..<0]
    private var callers: [Item] = []
    private var rowTable = InternTable()
    private var skippedRows = PairTable()

    /// The most items that one row may have.
    static let itemLimit = 20_000

    init(_ grammar: Grammar) { self.grammar = grammar }

    var byteCount: Int {
        rows.count * 96 + (kernels.count + callers.count) * 24 + (scans.count + tokenItems.count) * 32
            + slots.count * 40 + nodeCallers.count * 16
    }

    /// The row before anything was read.
    mutating func firstRow(_ lexer: inout Lexer) throws(GrammarError) -> Int32 {
        guard let start = grammar.start else { throw GrammarError(.malformed, "the grammar names no start rule") }
        var kernel: [Item] = []
        for production in try productions(of: Int32(start.index)) where production.condition.holds(for: 0) {
            kernel.append(Item(slot: production.slot, node: 0, seen: RegexArena.never, parameter: 0))
        }
        return try row(kernel, &lexer)
    }

    /// The row after the lexemes `ended` of each of some rows, `text` being what they matched; without it, what is seen
    /// stays as it is.
    mutating func advance(
        _ steps: [(row: Int32, ended: [Int32])], text: [UInt8]?, _ lexer: inout Lexer
    ) throws(GrammarError) -> Int32? {
        var kernel: [Item] = []
        for step in steps {
            for index in rows[Int(step.row)].scans where step.ended.contains(scans[index].instance) {
                var item = scans[index].item
                if let text, lexer.instances[Int(scans[index].instance)].isUnseen {
                    item.seen = lexer.arena.inserting(text[...], into: item.seen)
                }
                kernel.append(item)
            }
        }
        return kernel.isEmpty ? nil : try row(kernel, &lexer)
    }

    /// The row behind items that were passed.
    mutating func advance(past items: [Item], _ lexer: inout Lexer) throws(GrammarError) -> Int32? {
        items.isEmpty ? nil : try row(items, &lexer)
    }

    /// The row after a token, or nil where the rows do not name it.
    mutating func advance(
        _ fromRows: [Int32], token: Int32, vocabulary: TokenVocabulary, _ lexer: inout Lexer
    ) throws(GrammarError) -> Int32? {
        var kernel: [Item] = []
        for row in fromRows {
            for index in rows[Int(row)].tokens
            where vocabulary.contains(token, in: grammar.tokenSets[Int(tokenItems[index].tokens)]) {
                kernel.append(tokenItems[index].item)
            }
        }
        return kernel.isEmpty ? nil : try row(kernel, &lexer)
    }

    /// `row` after the skip lexeme `skip`: its lexemes that may stand after that.
    mutating func afterSkip(_ row: Int32, _ skip: Int32, _ lexer: Lexer) -> Int32 {
        let key = PairTable.pair(row, skip)
        if let known = skippedRows[key] { return Int32(known) }
        let start = scans.count
        for index in rows[Int(row)].scans where lexer.instances[Int(scans[index].instance)].skip == skip {
            scans.append(scans[index])
        }
        var result = rows[Int(row)]
        result.scans = start..<scans.count
        result.tokens = 0..<0
        result.isComplete = false
        result.skipped = skip
        rows.append(result)
        let id = Int32(rows.count - 1)
        _ = rowTable.append(UInt64(id) &* 0x9E37_79B9_7F4A_7C15)
        skippedRows.insert(key, UInt64(id))
        return id
    }

    /// The lexemes that may start in a row, the skips that may stand before them among them.
    func candidates(_ row: Int32, _ lexer: Lexer) -> [Int32] {
        var result: Set<Int32> = []
        let content = rows[Int(row)]
        for index in content.scans {
            let instance = scans[index].instance
            result.insert(instance)
            let skip = lexer.instances[Int(instance)].skip
            if content.skipped < 0 && skip >= 0 { result.insert(skip) }
        }
        return result.sorted()
    }

    // MARK: Rows

    private mutating func row(_ items: [Item], _ lexer: inout Lexer) throws(GrammarError) -> Int32 {
        var kernel = items
        if kernel.count > 1 {
            kernel.sort {
                ($0.slot, $0.node, $0.seen, $0.parameter) < ($1.slot, $1.node, $1.seen, $1.parameter)
            }
            var kept = 1
            for index in 1..<kernel.count where kernel[index] != kernel[kept - 1] {
                kernel[kept] = kernel[index]
                kept += 1
            }
            kernel.removeSubrange(kept...)
        }
        var hash = RunningHash()
        for item in kernel {
            hash.add(PairTable.pair(item.slot, item.node))
            hash.add(item.seen)
            hash.add(item.parameter)
        }
        let known = rowTable.find(hash.finished) { id in
            let other = rows[id]
            guard other.skipped < 0, other.kernel.count == kernel.count else { return false }
            for index in kernel.indices where kernels[other.kernel.lowerBound + index] != kernel[index] {
                return false
            }
            return true
        }
        if let known { return Int32(known) }
        let row = try close(kernel, &lexer)
        rows.append(row)
        return Int32(rowTable.append(hash.finished))
    }

    /// What is in reach of a kernel: rules that are called are opened, and rules that end tell their callers.
    private mutating func close(_ kernel: [Item], _ lexer: inout Lexer) throws(GrammarError) -> Row {
        var work = kernel
        var seenItems = ItemSet()
        for item in kernel { _ = seenItems.insert(item) }
        let firstNode = Int32(nodeCallers.count)
        var newNodes: [(callers: [Item], isDone: Bool)] = []
        var nodeIDs: [Call: Int32] = [:]
        var newScans: [(instance: Int32, item: Item)] = []
        var newTokens: [(tokens: Int32, item: Item)] = []
        var isComplete = false
        var hasUnseen = false

        var next = 0
        func add(_ item: Item) { if seenItems.insert(item) { work.append(item) } }
        while next < work.count {
            guard work.count <= Self.itemLimit else {
                throw GrammarError(
                    .tooComplex, "at one place more than \(Self.itemLimit) ways to go on are open; write it with fewer")
            }
            let item = work[next]
            next += 1
            var passed = item
            passed.slot += 1
            switch slots[Int(item.slot)] {
            case .end:
                if item.node == 0 {
                    isComplete = true
                } else if item.node >= firstNode {
                    let place = Int(item.node - firstNode)
                    if newNodes[place].isDone { continue }
                    newNodes[place].isDone = true
                    for caller in newNodes[place].callers { add(caller) }
                } else {
                    for index in nodeCallers[Int(item.node)] { add(callers[index]) }
                }
            case .lexeme(let lexeme):
                let instance = try lexer.instance(lexeme, of: grammar)
                newScans.append((instance, passed))
                if lexer.instances[Int(instance)].isNullable { add(passed) }
            case .unseen(let lexeme):
                let instance = try lexer.instance(lexeme, of: grammar, isUnseen: true, seen: item.seen)
                newScans.append((instance, passed))
                hasUnseen = true
                if lexer.instances[Int(instance)].isNullable {
                    passed.seen = lexer.arena.inserting([], into: item.seen)
                    add(passed)
                }
            case .tokens(let set): newTokens.append((set, passed))
            case .rule(let rule, let change, let keepsSeen):
                let parameter = change.applied(to: item.parameter)
                let seen = keepsSeen ? item.seen : RegexArena.never
                var node = item.node
                if case .end = slots[Int(passed.slot)] {
                } else {
                    let call = Call(rule: rule, seen: seen, parameter: parameter)
                    if let known = nodeIDs[call] {
                        let place = Int(known - firstNode)
                        if !newNodes[place].callers.contains(passed) {
                            newNodes[place].callers.append(passed)
                            if newNodes[place].isDone { add(passed) }
                        }
                        continue
                    }
                    node = firstNode + Int32(newNodes.count)
                    nodeIDs[call] = node
                    newNodes.append(([passed], false))
                }
                for production in try productions(of: rule) where production.condition.holds(for: parameter) {
                    add(Item(slot: production.slot, node: node, seen: seen, parameter: parameter))
                }
            }
        }

        for node in newNodes {
            let start = callers.count
            callers += node.callers
            nodeCallers.append(start..<callers.count)
        }
        let kernelStart = kernels.count
        kernels += kernel
        let scanStart = scans.count
        scans += newScans
        let tokenStart = tokenItems.count
        tokenItems += newTokens
        return Row(
            kernel: kernelStart..<kernels.count, scans: scanStart..<scans.count, tokens: tokenStart..<tokenItems.count,
            isComplete: isComplete, hasUnseen: hasUnseen, skipped: -1)
    }

    private struct Call: Hashable {
        let rule: Int32
        let seen: Int32
        let parameter: UInt64
    }

    /// Items that were added; most rows have few.
    private struct ItemSet {
        private var few: [Item] = []
        private var many: Set<Item> = []

        mutating func insert(_ item: Item) -> Bool {
            if !many.isEmpty { return many.insert(item).inserted }
            if few.contains(item) { return false }
            few.append(item)
            if few.count == 24 { many = Set(few) }
            return true
        }
    }

    // MARK: Rules

    private mutating func productions(
        of rule: Int32
    ) throws(GrammarError) -> [(condition: ParameterCondition, slot: Int32)] {
        if let known = ruleProductions[rule] { return known }
        var result: [(condition: ParameterCondition, slot: Int32)] = []
        for production in try grammar.productions(of: RuleID(index: Int(rule))) {
            result.append((production.condition, Int32(slots.count)))
            for symbol in production.symbols {
                switch symbol {
                case .lexeme(let lexeme): slots.append(.lexeme(lexeme.index))
                case .unseen(let lexeme): slots.append(.unseen(lexeme.index))
                case .tokens(let set): slots.append(.tokens(Int32(set.index)))
                case .rule(let called, let change, let keepsSeen):
                    slots.append(.rule(Int32(called.index), change, keepsSeen: keepsSeen))
                }
            }
            slots.append(.end)
        }
        ruleProductions[rule] = result
        return result
    }
}
