internal import LLMJSON

/// What is known so far of a grammar: lexer states, parser rows and masks, made as texts reach them and then kept.
///
/// A ``Place`` says all about what may follow. Where one lexeme is being matched, or several from one row, it is a row and a
/// lexer state. Where a lexeme may have ended or not, all ways are followed: a fork of such pairs, which is a lexer state of
/// its own whose entries are worked out as bytes reach them.
struct GrammarTables {
    struct Place: Hashable {
        /// The parser's row; -1 at a fork.
        var row: Int32
        var state: Int32

        static let dead = Place(row: -1, state: Lexer.dead)
        var isDead: Bool { state == Lexer.dead }
        var key: UInt64 { PairTable.pair(row, state) }

        init(row: Int32, state: Int32) {
            self.row = row
            self.state = state
        }

        init(key: UInt64) {
            self.init(row: Int32(truncatingIfNeeded: key >> 32), state: Int32(truncatingIfNeeded: key))
        }
    }

    /// Where the lexeme that is being matched began.
    enum LexemeStart {
        case earlier
        case withThisByte
        case afterThisByte
    }

    let vocabulary: TokenVocabulary
    var lexer = Lexer()
    var parser: Parser
    private(set) var first = Place.dead
    var memo: MaskMemo

    private var forks: [[Place]] = []
    private var forkStates: [[Place]: Int32] = [:]
    private var forksOfStates: [Int32: Int] = [:]
    /// Where a fork's record leads.
    private var forkTargets: [Place] = []
    private var forkTargetIDs: [Place: Int32] = [:]
    private var rowStarts: [Place?] = []
    private var completed = PairTable()
    private var recordTargets = PairTable()

    /// Entries of a fork that no byte has reached, and those that lead to a place that is no fork: so much below.
    private static let unknownEntry = Int32.min
    private static let placeEntry = Int32.min + 1
    static let forkLimit = 256

    init(_ grammar: Grammar, vocabulary: TokenVocabulary, memoBytes: Int) throws(GrammarError) {
        self.vocabulary = vocabulary
        parser = Parser(grammar)
        memo = MaskMemo(byteLimit: memoBytes)
        first = try place(ofRow: try parser.firstRow(&lexer))
        if first.isDead { throw GrammarError(.unsatisfiable, "no text matches the grammar") }
    }

    var byteCount: Int {
        lexer.byteCount + parser.byteCount + memo.byteCount + completed.count * 32 + recordTargets.count * 32
            + forks.count * 64 + rowStarts.count * 12
    }

    // MARK: Steps

    @inline(__always)
    func isFork(_ place: Place) -> Bool { place.row < 0 && !place.isDead }

    /// The place after `byte`; where the lexeme that is being matched then began; and whether one ended that must be
    /// unseen.
    ///
    /// - Parameter text: the bytes of the lexeme so far, which only those that must be unseen need. Without them the texts
    ///   seen stay as they are: the place is then right until another lexeme must be unseen.
    mutating func step(
        _ place: Place, _ byte: UInt8, text: @autoclosure () -> [UInt8]?
    ) throws(GrammarError) -> (place: Place, start: LexemeStart, endsUnseen: Bool) {
        let entry = lexer.entry(place.state, byte)
        if entry > 0 { return (Place(row: place.row, state: entry), .earlier, false) }
        if entry == 0 { return (.dead, .earlier, false) }
        if isFork(place) { return (try forkStep(place, byte, entry), .earlier, false) }
        let record = lexer.record(entry)
        if record.after == 0 && record.before == 0 {
            let next = try lexer.state(ofSet: record.next)
            lexer.setEntry(place.state, byte, next)
            return (Place(row: place.row, state: next), .earlier, false)
        }
        var endsUnseen = lexer.endsUnseen[Int(record.after)] || lexer.endsUnseen[Int(record.before)]
        let ended = endsUnseen ? text() : nil
        let key = PairTable.pair(place.row, entry)
        if record.before == 0, ended == nil, let known = recordTargets[key] {
            return (Place(key: known), .afterThisByte, endsUnseen)
        }
        var alive: [Place] = []
        if record.next != 0 { alive.append(Place(row: place.row, state: try lexer.state(ofSet: record.next))) }
        if record.after != 0 { alive.append(try complete(place.row, record.after, text: ended.map { $0 + [byte] })) }
        var start = LexemeStart.afterThisByte
        if record.before != 0 {
            let begun = try complete(place.row, record.before, text: ended)
            if begun.isDead { return (.dead, .earlier, false) }
            // The lexeme that begins with this byte may end with it, so what it is counts too.
            let inner = try step(begun, byte, text: text() == nil ? nil : [])
            alive.append(inner.place)
            start = inner.start == .afterThisByte ? .afterThisByte : .withThisByte
            endsUnseen = endsUnseen || inner.endsUnseen
        }
        let result = try joined(alive)
        if endsUnseen && isFork(result) { throw unseenFork() }
        if record.before == 0 && ended == nil { recordTargets.insert(key, result.key) }
        return (result, start, endsUnseen)
    }

    /// The place behind the lexemes of a number in `lexer.ended`.
    mutating func complete(_ row: Int32, _ ended: Int32, text: [UInt8]?) throws(GrammarError) -> Place {
        let key = PairTable.pair(row, ended)
        let text = lexer.endsUnseen[Int(ended)] ? text : nil
        if text == nil, let known = completed[key] { return Place(key: known) }
        let result = try joined(try starts(after: [(row, lexer.ended[Int(ended)])], text: text))
        if text == nil { completed.insert(key, result.key) }
        return result
    }

    /// The places behind lexemes that end together: one for those that the parser reads, one for each skip.
    private mutating func starts(
        after steps: [(row: Int32, ended: [Int32])], text: [UInt8]?
    ) throws(GrammarError) -> [Place] {
        var result: [Place] = []
        if let row = try parser.advance(steps, text: text, &lexer) { result.append(try place(ofRow: row)) }
        for step in steps where parser.rows[Int(step.row)].skipped < 0 {
            for instance in step.ended where isSkip(instance, of: step.row) {
                result.append(try place(ofRow: parser.afterSkip(step.row, instance, lexer)))
            }
        }
        return result
    }

    private func isSkip(_ instance: Int32, of row: Int32) -> Bool {
        parser.rows[Int(row)].scans.contains { lexer.instances[Int(parser.scans[$0].instance)].skip == instance }
    }

    /// The place at the start of a row; dead where nothing can go on and the output may not end.
    private mutating func place(ofRow row: Int32) throws(GrammarError) -> Place {
        while rowStarts.count <= Int(row) { rowStarts.append(nil) }
        if let known = rowStarts[Int(row)] { return known }
        let state = try lexer.start(parser.candidates(row, lexer))
        let content = parser.rows[Int(row)]
        var result = Place(row: row, state: state)
        if state == Lexer.nothing && content.tokens.isEmpty && !content.isComplete { result = .dead }
        rowStarts[Int(row)] = result
        return result
    }

    // MARK: Forks

    private mutating func joined(_ places: [Place]) throws(GrammarError) -> Place {
        var flat: [Place] = []
        for place in places where !place.isDead {
            if isFork(place) {
                flat += forks[forksOfStates[place.state]!]
            } else {
                flat.append(place)
            }
        }
        if flat.count == 1 { return flat[0] }
        if flat.isEmpty { return .dead }
        let sorted = Set(flat).sorted { ($0.row, $0.state) < ($1.row, $1.state) }
        if sorted.count == 1 { return sorted[0] }
        guard sorted.count <= Self.forkLimit else {
            throw GrammarError(
                .tooComplex,
                "after one text more than \(Self.forkLimit) ways to split it are open; write the grammar with lexemes that "
                    + "do not overlap")
        }
        if let known = forkStates[sorted] { return Place(row: -1, state: known) }
        if sorted.contains(where: { parser.rows[Int($0.row)].hasUnseen }) { throw unseenFork() }
        let state = lexer.emptyState(entry: Self.unknownEntry)
        forkStates[sorted] = state
        forksOfStates[state] = forks.count
        forks.append(sorted)
        return Place(row: -1, state: state)
    }

    private func unseenFork() -> GrammarError {
        GrammarError(
            .tooComplex, "a text that must be unseen may end in several ways; write it so that its end is plain")
    }

    private mutating func forkStep(_ place: Place, _ byte: UInt8, _ entry: Int32) throws(GrammarError) -> Place {
        if entry != Self.unknownEntry { return forkTargets[Int(entry - Self.placeEntry)] }
        var alive: [Place] = []
        var steps: [(row: Int32, ended: [Int32])] = []
        try follow(forks[forksOfStates[place.state]!], byte, &alive, &steps)
        alive += try starts(after: steps, text: [])
        let result = try joined(alive)
        if result.isDead {
            lexer.setEntry(place.state, byte, 0)
        } else if isFork(result) {
            lexer.setEntry(place.state, byte, result.state)
        } else {
            let target: Int32
            if let known = forkTargetIDs[result] {
                target = known
            } else {
                target = Int32(forkTargets.count)
                forkTargets.append(result)
                forkTargetIDs[result] = target
            }
            lexer.setEntry(place.state, byte, Self.placeEntry + target)
        }
        return result
    }

    /// Follows `byte` from each place; lexemes that end with it are left in `steps`, so that they end in one row.
    private mutating func follow(
        _ places: [Place], _ byte: UInt8, _ alive: inout [Place], _ steps: inout [(row: Int32, ended: [Int32])]
    ) throws(GrammarError) {
        for place in places {
            let entry = lexer.entry(place.state, byte)
            if entry > 0 { alive.append(Place(row: place.row, state: entry)) }
            if entry >= 0 { continue }
            let record = lexer.record(entry)
            if record.next != 0 { alive.append(Place(row: place.row, state: try lexer.state(ofSet: record.next))) }
            if record.after != 0 { steps.append((place.row, lexer.ended[Int(record.after)])) }
            if record.before != 0 {
                let begun = try complete(place.row, record.before, text: [])
                if begun.isDead { continue }
                try follow(isFork(begun) ? forks[forksOfStates[begun.state]!] : [begun], byte, &alive, &steps)
            }
        }
    }

    /// The places that a fork follows.
    func forks(of place: Place) -> [Place] { forks[forksOfStates[place.state]!] }

    // MARK: Boundaries

    /// The rows that a place stands at between lexemes: its own at a start, and those behind lexemes that may end here.
    mutating func boundaryRows(_ place: Place, text: [UInt8]) throws(GrammarError) -> [Int32] {
        var result: [Int32] = []
        for each in isFork(place) ? forks[forksOfStates[place.state]!] : [place] where !each.isDead {
            if lexer.isStart[Int(each.state)] { result.append(each.row) }
            let accepted = lexer.accepted[Int(each.state)]
            guard accepted != 0 else { continue }
            let begun = try complete(each.row, accepted, text: text)
            for next in isFork(begun) ? forks[forksOfStates[begun.state]!] : [begun] where !next.isDead {
                result.append(next.row)
            }
        }
        return result
    }

    /// Whether the output may end at a place.
    mutating func isComplete(_ place: Place, text: [UInt8]) throws(GrammarError) -> Bool {
        try boundaryRows(place, text: text).contains { parser.rows[Int($0)].isComplete }
    }

    /// The place after a token that is named by its id, dead where none names it.
    mutating func tokenStep(_ place: Place, _ token: Int32, text: [UInt8]) throws(GrammarError) -> Place {
        let rows = try boundaryRows(place, text: text)
        guard let row = try parser.advance(rows, token: token, vocabulary: vocabulary, &lexer) else { return .dead }
        return try self.place(ofRow: row)
    }

    /// Both of two places at once.
    mutating func either(_ a: Place, _ b: Place) throws(GrammarError) -> Place { try joined([a, b]) }

    /// The names of the lexemes that may come next.
    mutating func expected(_ place: Place, text: [UInt8]) throws(GrammarError) -> [String] {
        var names: Set<String> = []
        for row in try boundaryRows(place, text: text) {
            for instance in parser.candidates(row, lexer) {
                let lexeme = LexemeID(index: Int(lexer.instances[Int(instance)].lexeme))
                if let name = parser.grammar.name(of: lexeme) { names.insert(name) }
            }
            if parser.rows[Int(row)].isComplete { names.insert("the end") }
        }
        return names.sorted()
    }
}
