/// Reads a pattern in Oniguruma's syntax, as `tokenizers` does, and writes it for PCRE2 over an alphabet of classes.
///
/// Every character, class and escape becomes a set of scalars by Unicode's tables as Swift knows them, with letters
/// that ignore case spelled out, so that nothing is left in the pattern that PCRE2 would read by its own tables. What
/// has no meaning over classes (back references) or for a splitter (`\K`, `\G`, conditions) is refused.
struct RegexTranslator {
    /// The pattern in pieces: PCRE2's own syntax, and sets of scalars.
    enum Piece {
        case syntax(String)
        case set(Int)
    }

    private(set) var pieces: [Piece] = []
    private(set) var sets: [ScalarSet] = []
    private var indices: [ScalarSet: Int] = [:]
    var reader: RegexReader

    /// What `(?imx)` turns on.
    struct Options {
        var ignoresCase = false
        var dotMatchesNewline = false
        var isExtended = false
    }

    private static let nestingLimit = 100

    init(_ pattern: String) throws(Damage) {
        reader = RegexReader(pattern)
        try alternation(Options(), depth: 0)
        if reader.next != nil { throw reader.damage("a ')' without its '('") }
    }

    private mutating func emit(_ syntax: String) { pieces.append(.syntax(syntax)) }

    private mutating func emit(_ set: ScalarSet) {
        if indices[set] == nil {
            indices[set] = sets.count
            sets.append(set)
        }
        pieces.append(.set(indices[set]!))
    }

    // MARK: Structure

    /// Branches up to the end of the group, whose parenthesis is left.
    private mutating func alternation(_ outer: Options, depth: Int) throws(Damage) {
        guard depth < Self.nestingLimit else { throw reader.damage("groups nest deeper than \(Self.nestingLimit)") }
        var options = outer
        while let scalar = reader.next, scalar != ")" {
            if scalar == "|" {
                reader.skip()
                emit("|")
                options = outer
                continue
            }
            if options.isExtended, UnicodeSets.space.contains(scalar) || scalar == "#" {
                reader.skip()
                if scalar == "#" { while let other = reader.next, other != "\n" { reader.skip() } }
                continue
            }
            let start = pieces.count
            try atom(&options, depth)
            try quantifiers(from: start)
        }
    }

    private mutating func atom(_ options: inout Options, _ depth: Int) throws(Damage) {
        let scalar = try reader.take()
        switch scalar {
        case "(": try group(&options, depth)
        case "[": emit(try bracket(options, depth: 0))
        case ".": emit(options.dotMatchesNewline ? .all : UnicodeSets.newline.inverted)
        case "^": lineStart()
        case "$": lineEnd()
        case "\\": try escape(options)
        case "*", "+", "?": throw reader.damage("a '\(scalar)' with nothing to repeat")
        default: emit(folded(ScalarSet(scalar), options))
        }
    }

    func folded(_ set: ScalarSet, _ options: Options) -> ScalarSet {
        options.ignoresCase ? CaseFolding.closure(set) : set
    }

    private mutating func group(_ options: inout Options, _ depth: Int) throws(Damage) {
        var inner = options
        guard reader.skip("?") else {
            emit("(?:")
            return try endGroup(inner, depth)
        }
        if reader.skip("#") {
            while try reader.take() != ")" {}
            return
        }
        for opening in [":", "=", "!", ">", "<=", "<!"] where reader.skip(opening) {
            emit("(?\(opening)")
            return try endGroup(inner, depth)
        }
        if reader.skip("<") {
            while try reader.take() != ">" {}
            emit("(?:")
            return try endGroup(inner, depth)
        }
        var isOn = true
        while true {
            switch try reader.take() {
            case "-": isOn = false
            case "i": inner.ignoresCase = isOn
            case "m": inner.dotMatchesNewline = isOn
            case "x": inner.isExtended = isOn
            case ":":
                emit("(?:")
                return try endGroup(inner, depth)
            case ")":
                // The options hold for the rest of the group, its other branches included.
                emit("(?:")
                try alternation(inner, depth: depth + 1)
                return emit(")")
            default: throw reader.damage("a kind of group that is not supported")
            }
        }
    }

    private mutating func endGroup(_ options: Options, _ depth: Int) throws(Damage) {
        try alternation(options, depth: depth + 1)
        guard reader.skip(")") else { throw reader.damage("a '(' without its ')'") }
        emit(")")
    }

    // MARK: Repetition

    /// The quantifiers behind the atom that begins at `start` of the pieces.
    private mutating func quantifiers(from start: Int) throws(Damage) {
        var count = 0
        while let (quantifier, isInterval) = try quantifier() {
            guard pieces.count > start else { throw reader.damage("a quantifier with nothing to repeat") }
            count += 1
            guard count <= Self.nestingLimit else { throw reader.damage("too many quantifiers in a row") }
            if count > 1 {
                pieces.insert(.syntax("(?:"), at: start)
                emit(")")
            }
            emit(quantifier)
            if isInterval {
                // As in Oniguruma, the second quantifier of `x{n}?` and `x{n,m}+` repeats the first.
                if quantifier.contains(","), reader.skip("?") { emit("?") }
            } else if reader.skip("?") {
                emit("?")
            } else if reader.skip("+") {
                emit("+")
            }
        }
    }

    private mutating func quantifier() throws(Damage) -> (String, isInterval: Bool)? {
        switch reader.next {
        case "*", "+", "?": return (String(try reader.take()), false)
        case "{":
            guard let (low, high) = reader.interval() else { return nil }
            guard let high else { return ("{\(low),}", true) }
            guard low <= high else { throw reader.damage("the interval {\(low),\(high)} is empty") }
            return (low == high ? "{\(low)}" : "{\(low),\(high)}", true)
        default: return nil
        }
    }

    // MARK: Places

    private mutating func lineStart() {
        emit("(?:\\A|(?<=")
        emit(UnicodeSets.newline)
        emit(")(?!\\z))")
    }

    private mutating func lineEnd() {
        emit("(?=")
        emit(UnicodeSets.newline)
        emit("|\\z)")
    }

    /// A place where one side is a word character and the other is not.
    private mutating func wordBoundary(_ isBoundary: Bool) {
        for (index, behind, ahead) in [
            (0, "(?<=", isBoundary ? "(?!" : "(?="), (1, "(?<!", isBoundary ? "(?=" : "(?!"),
        ] {
            emit(index == 0 ? "(?:" : "|")
            emit(behind)
            emit(UnicodeSets.wordCharacter)
            emit(")" + ahead)
            emit(UnicodeSets.wordCharacter)
            emit(")")
        }
        emit(")")
    }

    // MARK: Escapes

    private mutating func escape(_ options: Options) throws(Damage) {
        switch reader.next {
        case "b", "B": wordBoundary(try reader.take() == "b")
        case "A", "z":
            emit("\\\(try reader.take())")
        case "Z":
            reader.skip()
            emit("(?=")
            emit(UnicodeSets.newline)
            emit("?\\z)")
        case "R":
            reader.skip()
            emit("(?>")
            emit(ScalarSet("\r"))
            emit(UnicodeSets.newline)
            emit("|")
            emit(ScalarSet([0x0A...0x0D, 0x85...0x85, 0x2028...0x2029]))
            emit(")")
        case "w", "W":
            emit(try reader.take() == "w" ? UnicodeSets.wordCharacter : UnicodeSets.wordCharacter.inverted)
        default: emit(folded(try escapedSet(), options))
        }
    }
}
