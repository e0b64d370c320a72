/// States of lexemes that are being matched, made as texts reach them, each with what every byte does.
///
/// A lexer knows no grammar: which lexemes may start is asked of it as a set. A state that has been reached has a row of
/// 256 entries in `table`, and its number is the row's; an entry above 0 is the next state, with nothing else to do.
struct Lexer {
    /// A lexeme, less the texts that were seen where it must be unseen.
    struct Instance: Hashable {
        let lexeme: Int32
        let isUnseen: Bool
        /// The tree of the texts seen.
        let seen: RegexArena.ID
        let start: RegexArena.ID
        let ending: Lexeme.Ending
        /// The instance that may stand before it, or -1.
        let skip: Int32
        /// Whether it may be left out.
        let isNullable: Bool
    }

    /// What a byte does where it does more than lead to a state that has its row.
    struct Record: Hashable {
        /// The number of the set of lexemes that go on, or 0.
        let next: Int32
        /// The lexemes that end with this byte, as a number in `ended`, or 0.
        let after: Int32
        /// The lexemes that end before this byte, or 0. The byte then belongs to what comes after them.
        let before: Int32
    }

    /// A set of bytes that a state treats alike: the entry.
    struct Piece {
        let set: ByteSet
        let entry: Int32
    }

    var arena = RegexArena()
    private(set) var instances: [Instance] = []
    private var instanceIDs: [InstanceKey: Int32] = [:]

    /// Sets of lexemes that are being matched: pairs of an instance and what is left to match.
    private var sets: [Range<Int>] = [0..<0]
    private var setWords: [Int32] = []
    private var setTable = InternTable()
    /// The state of a set, or 0 while no text has reached it.
    private var setStates: [Int32] = [0]

    /// Entries, 256 a state: above 0 a state, 0 dead, below 0 the record -entry - 1. Row 0 is dead, and so is row 1, which
    /// stands for "no lexeme may start here".
    private(set) var table = [Int32](repeating: 0, count: 512)
    private var pieces: [Piece] = []
    private var statePieces: [Range<Int>] = [0..<0, 0..<0]
    /// The longest lexemes that would end where the state is, as a number in `ended`.
    private(set) var accepted: [Int32] = [0, 0]
    /// The set of each state, or 0.
    private var stateSets: [Int32] = [0, 0]
    /// Whether the state is at the start of lexemes.
    private(set) var isStart: [Bool] = [false, true]
    /// Whether a lexeme that must be unseen is being matched in the state, or may start.
    private(set) var holdsUnseen: [Bool] = [false, false]
    /// Which slices the state allows wholly, and which have been asked: bits s and 4 + s.
    var sliceBits: [UInt8] = [0, 0]

    private(set) var records: [Record] = []
    private var recordIDs: [Record: Int32] = [:]
    /// Sets of instances that end together.
    private(set) var ended: [[Int32]] = [[]]
    private var endedIDs: [[Int32]: Int32] = [[]: 0]

    static let dead: Int32 = 0
    static let nothing: Int32 = 1
    private static let startMark: Int32 = -1

    private struct InstanceKey: Hashable {
        let lexeme: Int32
        let seen: RegexArena.ID
        let isUnseen: Bool
    }

    var byteCount: Int {
        arena.byteCount + table.count * 4 + pieces.count * 40 + setWords.count * 4 + sets.count * 24
            + records.count * 48 + instances.count * 80
    }

    var stateCount: Int { accepted.count }

    // MARK: Lexemes

    /// The instance of a lexeme of the grammar, without the texts of the tree `seen`.
    mutating func instance(
        _ lexeme: Int, of grammar: Grammar, isUnseen: Bool = false, seen: RegexArena.ID = RegexArena.never
    ) throws(GrammarError) -> Int32 {
        let key = InstanceKey(lexeme: Int32(lexeme), seen: seen, isUnseen: isUnseen)
        if let known = instanceIDs[key] { return known }
        let content = grammar.lexemes[lexeme]
        var expression = try arena.compile(content.expression)
        if seen != RegexArena.never { expression = arena.both([expression, arena.not(seen)]) }
        var skip: Int32 = -1
        if let skipped = content.skip { skip = try instance(skipped.index, of: grammar) }
        let isNullable = arena.isNullable(expression)
        // A start never accepts: what may be empty is left out by the parser.
        let start = arena.dispatch(arena.edges[arena.partition(of: expression)].map { ($0.set, $0.target) })
        try checkArena()
        let id = Int32(instances.count)
        instances.append(
            Instance(
                lexeme: key.lexeme, isUnseen: isUnseen, seen: seen,
                start: try arena.matchesSomething(start) ? start : RegexArena.never, ending: content.ending,
                skip: skip, isNullable: isNullable))
        instanceIDs[key] = id
        return id
    }

    /// The state in which the lexemes `candidates` may start.
    mutating func start(_ candidates: [Int32]) throws(GrammarError) -> Int32 {
        var words: [Int32] = [Self.startMark, 0]
        for instance in candidates where instances[Int(instance)].start != RegexArena.never {
            words.append(instance)
            words.append(instances[Int(instance)].start)
        }
        if words.count == 2 { return Self.nothing }
        return try state(ofSet: set(words))
    }

    // MARK: States

    /// The lexemes that would end in a state, though longer matches may follow.
    func acceptedInstances(_ state: Int32) -> [Int32] { ended[Int(accepted[Int(state)])] }

    /// The lexemes that are being matched in a state, and what is left to match of each.
    func content(_ state: Int32) -> [(instance: Int32, rest: RegexArena.ID)] {
        let words = setWords[sets[Int(stateSets[Int(state)])]]
        return stride(from: words.startIndex, to: words.endIndex, by: 2).compactMap { index in
            words[index] == Self.startMark ? nil : (words[index], words[index + 1])
        }
    }

    @inline(__always)
    func entry(_ state: Int32, _ byte: UInt8) -> Int32 { table[Int(state) << 8 | Int(byte)] }

    mutating func setEntry(_ state: Int32, _ byte: UInt8, _ entry: Int32) {
        table[Int(state) << 8 | Int(byte)] = entry
    }

    func piecesOf(_ state: Int32) -> Range<Int> { statePieces[Int(state)] }
    func piece(_ index: Int) -> Piece { pieces[index] }

    func record(_ entry: Int32) -> Record { records[Int(-entry - 1)] }

    /// The state of a set of lexemes, made if no text has reached it.
    mutating func state(ofSet set: Int32) throws(GrammarError) -> Int32 {
        if set == 0 { return Self.dead }
        if setStates[Int(set)] == 0 { setStates[Int(set)] = try makeState(set) }
        return setStates[Int(set)]
    }

    /// A state whose entries are decided elsewhere, as bytes reach them.
    mutating func emptyState(entry: Int32) -> Int32 {
        let state = Int32(accepted.count)
        table.append(contentsOf: repeatElement(entry, count: 256))
        statePieces.append(0..<0)
        accepted.append(0)
        stateSets.append(0)
        holdsUnseen.append(false)
        isStart.append(false)
        sliceBits.append(0xF0)
        return state
    }

    /// The entry of a record; a set that has its state is that state.
    mutating func entry(for record: Record) -> Int32 {
        if record.after == 0 && record.before == 0 {
            if record.next == 0 { return 0 }
            if setStates[Int(record.next)] != 0 { return setStates[Int(record.next)] }
        }
        if let known = recordIDs[record] { return -known - 1 }
        let id = Int32(records.count)
        records.append(record)
        recordIDs[record] = id
        return -id - 1
    }

    mutating func endedSet(_ instances: [Int32]) -> Int32 {
        if instances.isEmpty { return 0 }
        if let known = endedIDs[instances] { return known }
        ended.append(instances)
        endedIDs[instances] = Int32(ended.count - 1)
        return Int32(ended.count - 1)
    }

    private mutating func set(_ words: [Int32]) -> Int32 {
        var hash = RunningHash()
        for word in words { hash.add(word) }
        let known = setTable.find(hash.finished) { id in
            let range = sets[id + 1]
            guard range.count == words.count else { return false }
            for index in words.indices where setWords[range.lowerBound + index] != words[index] { return false }
            return true
        }
        if let known { return Int32(known + 1) }
        let start = setWords.count
        setWords += words
        sets.append(start..<setWords.count)
        setStates.append(0)
        return Int32(setTable.append(hash.finished) + 1)
    }

    private mutating func makeState(_ set: Int32) throws(GrammarError) -> Int32 {
        var words = Array(setWords[sets[Int(set)]])
        let isAtStart = words[0] == Self.startMark
        if isAtStart { words.removeFirst(2) }
        var acceptedNow: [Int32] = []
        var parts: [[(set: ByteSet, instance: Int32, target: RegexArena.ID)]] = []
        for index in stride(from: 0, to: words.count, by: 2) {
            let (instance, expression) = (words[index], words[index + 1])
            if !isAtStart, instances[Int(instance)].ending == .longest, arena.isNullable(expression) {
                acceptedNow.append(instance)
            }
            var part: [(set: ByteSet, instance: Int32, target: RegexArena.ID)] = []
            for edge in arena.partition(of: expression) {
                let found = arena.edges[edge]
                if try arena.matchesSomething(found.target) { part.append((found.set, instance, found.target)) }
            }
            if !part.isEmpty { parts.append(part) }
        }
        try checkArena()
        let before = endedSet(acceptedNow)

        var overlaid: [(set: ByteSet, targets: [Int32])] = [(.all, [])]
        for part in parts {
            var next: [(set: ByteSet, targets: [Int32])] = []
            for piece in overlaid {
                var rest = piece.set
                for edge in part {
                    let common = rest.intersection(edge.set)
                    if common.isEmpty { continue }
                    next.append((common, piece.targets + [edge.instance, edge.target]))
                    rest = rest.subtracting(common)
                    if rest.isEmpty { break }
                }
                if !rest.isEmpty { next.append((rest, piece.targets)) }
            }
            overlaid = next
        }

        let state = Int32(accepted.count)
        let firstPiece = pieces.count
        var row = [Int32](repeating: 0, count: 256)
        for piece in overlaid {
            if piece.targets.isEmpty && before == 0 { continue }
            let entry = entry(for: try outcome(piece.targets, before: before))
            pieces.append(Piece(set: piece.set, entry: entry))
            piece.set.forEach { row[Int($0)] = entry }
        }
        table += row
        statePieces.append(firstPiece..<pieces.count)
        accepted.append(before)
        stateSets.append(set)
        holdsUnseen.append(
            stride(from: 0, to: words.count, by: 2).contains { instances[Int(words[$0])].isUnseen })
        isStart.append(isAtStart)
        sliceBits.append(0)
        return state
    }

    /// What happens where lexemes get to `targets`, `before` being those that would have ended before.
    private mutating func outcome(_ targets: [Int32], before: Int32) throws(GrammarError) -> Record {
        var going: [Int32] = []
        var longest: [Int32] = []
        var after: [Int32] = []
        var finished: [Int32] = []
        var longestGoesOn = false
        for index in stride(from: 0, to: targets.count, by: 2) {
            let (instance, target) = (targets[index], targets[index + 1])
            let accepts = arena.isNullable(target)
            let goesOn = try canGoOn(target)
            switch instances[Int(instance)].ending {
            case .longest:
                longest += [instance, target]
                longestGoesOn = longestGoesOn || goesOn
                if accepts { finished.append(instance) }
            case .shortest:
                if accepts { after.append(instance) } else { going += [instance, target] }
            case .anywhere:
                if accepts { after.append(instance) }
                if goesOn { going += [instance, target] }
            }
        }
        let dies = longest.isEmpty
        if longestGoesOn { going += longest } else { after += finished }
        var pairs = stride(from: 0, to: going.count, by: 2).map { (going[$0], going[$0 + 1]) }
        pairs.sort { $0 < $1 }
        return Record(
            next: pairs.isEmpty ? 0 : set(pairs.flatMap { [$0.0, $0.1] }), after: endedSet(after.sorted()),
            before: dies ? before : 0)
    }

    /// Whether a text that is not empty matches.
    private mutating func canGoOn(_ expression: RegexArena.ID) throws(GrammarError) -> Bool {
        if expression == RegexArena.empty { return false }
        if arena.nodes[Int(expression)].plain && arena.nodes[Int(expression)].kind != .repeated {
            if !arena.isNullable(expression) { return true }
        }
        for edge in arena.partition(of: expression) where try arena.matchesSomething(arena.edges[edge].target) {
            return true
        }
        return false
    }

    private func checkArena() throws(GrammarError) {
        if arena.isExhausted {
            throw GrammarError(
                .tooComplex,
                "a regular expression takes more than \(RegexArena.nodeLimit) derivatives, or nests deeper than "
                    + "\(RegexArena.depthLimit); use smaller counts")
        }
    }
}
