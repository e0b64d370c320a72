extension GrammarTables {
    /// How many rows the search for the shortest end may look at.
    private static let closingLimit = 2_000
    /// Ends that are longer are not looked for.
    private static let longestClosing = 1 << 18

    /// How few bytes can end the output from a place; tokens that are named by id count as one. Nil where the search takes
    /// too long. A longest lexeme may need more than its shortest text, so it may be a little too few.
    mutating func bytesToClose(_ place: Place, text: [UInt8]) throws(GrammarError) -> Int? {
        var best: [Int32: Int] = [:]
        // Rows by the bytes that lead to them.
        var open: [[Int32]] = []
        func add(_ row: Int32, _ cost: Int) {
            if cost > Self.longestClosing { return }
            if let known = best[row], known <= cost { return }
            best[row] = cost
            while open.count <= cost { open.append([]) }
            open[cost].append(row)
        }
        for row in try boundaryRows(place, text: text) { add(row, 0) }
        for each in isFork(place) ? forks(of: place) : [place] where !each.isDead {
            for (instance, rest) in lexer.content(each.state) {
                guard let length = lexer.arena.shortestLength(rest), length < 1 << 16 else { continue }
                for row in try rows(after: each.row, instance) { add(row, length) }
            }
        }
        var cost = 0
        var count = 0
        while cost < open.count {
            var index = 0
            while index < open[cost].count {
                let row = open[cost][index]
                index += 1
                guard best[row] == cost else { continue }
                let content = parser.rows[Int(row)]
                if content.isComplete { return cost }
                count += 1
                guard count <= Self.closingLimit else { return nil }
                for scan in content.scans {
                    let instance = parser.scans[scan].instance
                    guard let length = lexer.arena.shortestLength(lexer.instances[Int(instance)].start),
                        length < 1 << 16
                    else { continue }
                    for next in try rows(after: row, instance) { add(next, cost + length) }
                }
                for token in content.tokens {
                    if let next = try parser.advance(past: [parser.tokenItems[token].item], &lexer) {
                        add(next, cost + 1)
                    }
                }
            }
            cost += 1
        }
        return nil
    }

    /// The rows behind one lexeme. What the texts of unseen ones are is left open: they count as new.
    private mutating func rows(after row: Int32, _ instance: Int32) throws(GrammarError) -> [Int32] {
        var items: [Parser.Item] = []
        for scan in parser.rows[Int(row)].scans where parser.scans[scan].instance == instance {
            items.append(parser.scans[scan].item)
        }
        if let next = try parser.advance(past: items, &lexer) { return [next] }
        // A skip: it leads to the lexemes that it stands before.
        return parser.rows[Int(row)].skipped < 0 ? [parser.afterSkip(row, instance, lexer)] : []
    }
}
