internal import LLMJSON

/// One output that follows a grammar, token by token. A copy is a fork: each goes its own way.
package struct GrammarMatcher: Sendable {
    package let grammar: CompiledGrammar
    /// The tokens accepted so far.
    package private(set) var tokens: [Int32] = []
    /// The place after each token, the first being before any.
    private var places: [GrammarTables.Place] = []
    /// Bytes of the tokens, and for each place where its lexeme began in them.
    private var text: [UInt8] = []
    private var marks: [Mark] = []
    /// The tables that `places` are of.
    private var generation = 0
    private var walk: MaskWalk?

    private struct Mark {
        var textCount: Int
        var lexemeStart: Int
    }

    /// What came of working on a mask.
    package enum MaskOutcome: Hashable, Sendable {
        /// The mask is whole; it allows `count` tokens, at least one.
        case ready(count: Int)
        /// The fuel was used up; the next call goes on.
        case outOfFuel
    }

    /// A matcher before the first token.
    package init(_ grammar: CompiledGrammar) throws(GrammarError) {
        self.grammar = grammar
        let (first, generation) = try grammar.withTables { tables, generation throws(GrammarError) in
            (tables.first, generation)
        }
        self.generation = generation
        places = [first]
        marks = [Mark(textCount: 0, lexemeStart: 0)]
    }

    /// Whether an end token was accepted: nothing may follow.
    package var isFinished: Bool { tokens.last.map { grammar.vocabulary.endTokens.contains($0) } ?? false }

    /// Whether an end token may come next.
    package mutating func isComplete() throws(GrammarError) -> Bool {
        if isFinished { return false }
        return try withTables { matcher, tables throws(GrammarError) in
            try tables.isComplete(matcher.place, text: matcher.pending(tables))
        }
    }

    /// How few bytes can end the output, for whoever must end it in time; nil where that takes too long to find out. A
    /// lower bound of the tokens follows from the longest token. It may be a little too few where a lexeme matches as long
    /// as it can.
    package mutating func bytesToClose() throws(GrammarError) -> Int? {
        if isFinished { return 0 }
        return try withTables { matcher, tables throws(GrammarError) in
            try tables.bytesToClose(matcher.place, text: matcher.pending(tables))
        }
    }

    /// What may come next, in words: names of lexemes, and "the end".
    package mutating func expected() throws(GrammarError) -> [String] {
        try withTables { matcher, tables throws(GrammarError) in
            try tables.expected(matcher.place, text: matcher.pending(tables))
        }
    }

    // MARK: Masks

    /// Writes into `mask` which tokens may come next.
    ///
    /// - Parameter fuel: about how many steps the call may take; a step is some nanoseconds.
    package mutating func mask(
        into mask: inout TokenMask, fuel: Int = .max
    ) throws(GrammarError) -> MaskOutcome {
        if isFinished { throw GrammarError(.tokenRefused, "the output has ended; no token may follow") }
        var result = TokenMask(count: 0)
        swap(&result, &mask)
        result.clear(count: grammar.vocabulary.count)
        let outcome = try withTables { matcher, tables throws(GrammarError) in
            try matcher.mask(&result, fuel: fuel, &tables)
        }
        mask = result
        return outcome
    }

    private mutating func mask(
        _ mask: inout TokenMask, fuel: Int, _ tables: inout GrammarTables
    ) throws(GrammarError) -> MaskOutcome {
        let vocabulary = grammar.vocabulary
        let place = place
        let pending = pending(tables)
        var fuel = max(fuel, 1)
        if walk == nil {
            if let known = tables.memo.load(place.key, into: &mask) {
                if known.openSubtrees.isEmpty { return .ready(count: known.count) }
                walk = MaskWalk(mask, from: place, known.openSubtrees, longestToken: vocabulary.longestToken)
            } else {
                let slices = try tables.firstOpenSlice(place)
                for slice in 0..<slices { mask.formUnion(vocabulary.sliceMasks[slice]) }
                walk = MaskWalk(mask, from: place, firstTrie: slices, longestToken: vocabulary.longestToken)
            }
        }
        if walk!.stage == .tries {
            guard try walk!.run(&tables, pending: pending, fuel: &fuel) else { return .outOfFuel }
            try addNamedTokens(to: &walk!.mask, pending: pending, &tables)
            tables.memo.store(place.key, walk!.mask, openSubtrees: walk!.openSubtrees)
        }
        guard try walk!.finish(&tables, pending: pending, fuel: &fuel) else { return .outOfFuel }
        mask = walk!.mask
        walk = nil
        for (first, other) in vocabulary.duplicates where mask.contains(first) { mask.insert(other) }
        let count = mask.count
        guard count > 0 else {
            throw GrammarError(
                .unsatisfiable,
                "after \(tokens.count) tokens no token of the vocabulary can go on as the grammar asks; bound unique "
                    + "items by as many values as there are, and write grammars with texts that the vocabulary has")
        }
        return .ready(count: count)
    }

    /// Adds what is not spelled: tokens that the grammar names, and the end; and tokens that are spelled as others are.
    private func addNamedTokens(
        to mask: inout TokenMask, pending: [UInt8], _ tables: inout GrammarTables
    ) throws(GrammarError) {
        let vocabulary = grammar.vocabulary
        for (first, other) in vocabulary.duplicates where mask.contains(first) { mask.insert(other) }
        for row in try tables.boundaryRows(place, text: pending) {
            for index in tables.parser.rows[Int(row)].tokens {
                let set = tables.parser.tokenItems[index].tokens
                vocabulary.add(tables.parser.grammar.tokenSets[Int(set)], to: &mask)
            }
            if tables.parser.rows[Int(row)].isComplete {
                for token in vocabulary.endTokens { mask.insert(token) }
            }
        }
    }

    /// The tokens that must come next because no other may, at most `limit`. The matcher stays where it is.
    package mutating func forcedTokens(limit: Int, fuel: Int = .max) throws(GrammarError) -> [Int32] {
        var forced: [Int32] = []
        var mask = TokenMask(count: grammar.vocabulary.count)
        while forced.count < limit, !isFinished {
            guard case .ready(count: 1) = try self.mask(into: &mask, fuel: fuel) else { break }
            let token = mask.tokens(limit: 1)[0]
            try accept(token)
            forced.append(token)
        }
        rollBack(forced.count)
        return forced
    }

    // MARK: Tokens

    /// Goes on by a token, which the mask must allow; else nothing changes.
    package mutating func accept(_ token: Int32) throws(GrammarError) {
        if isFinished { throw GrammarError(.tokenRefused, "the output has ended; no token may follow") }
        try withTables { matcher, tables throws(GrammarError) in try matcher.step(token, &tables) }
    }

    /// Takes back the last `count` tokens.
    package mutating func rollBack(_ count: Int) {
        guard count > 0 else { return }
        walk = nil
        tokens.removeLast(count)
        // Places may be fewer than tokens only while they are made again.
        places.removeLast(count)
        marks.removeLast(count)
        text.removeSubrange(marks[marks.count - 1].textCount...)
    }

    private mutating func step(_ token: Int32, _ tables: inout GrammarTables) throws(GrammarError) {
        let vocabulary = grammar.vocabulary
        let pending = pending(tables)
        guard token >= 0, Int(token) < vocabulary.count else {
            throw GrammarError(.tokenRefused, "the vocabulary of \(vocabulary.count) tokens has no token \(token)")
        }
        if vocabulary.endTokens.contains(token) {
            guard try tables.isComplete(place, text: pending) else {
                throw GrammarError(.tokenRefused, "the end token \(token) came before the output was complete")
            }
            push(token, place, lexemeStart: marks[marks.count - 1].lexemeStart, bytes: [])
            return
        }
        let bytes = vocabulary.bytes[Int(token)]
        var next = bytes.isEmpty ? GrammarTables.Place.dead : place
        var lexemeStart = marks[marks.count - 1].lexemeStart
        let textCount = text.count
        for (index, byte) in bytes.enumerated() {
            let found = try tables.step(
                next, byte, text: Array((text + bytes[..<index])[lexemeStart...]))
            next = found.place
            if next.isDead { break }
            switch found.start {
            case .earlier: break
            case .withThisByte: lexemeStart = textCount + index
            case .afterThisByte: lexemeStart = textCount + index + 1
            }
        }
        let byID = try tables.tokenStep(place, token, text: pending)
        if !byID.isDead {
            next = next.isDead ? byID : try tables.either(next, byID)
            lexemeStart = textCount + bytes.count
        }
        guard !next.isDead else {
            throw GrammarError(
                .tokenRefused, "the token \(token), \(String(decoding: bytes, as: UTF8.self).quoted), cannot come here")
        }
        push(token, next, lexemeStart: lexemeStart, bytes: bytes)
    }

    private mutating func push(_ token: Int32, _ place: GrammarTables.Place, lexemeStart: Int, bytes: [UInt8]) {
        walk = nil
        tokens.append(token)
        places.append(place)
        text += bytes
        marks.append(Mark(textCount: text.count, lexemeStart: lexemeStart))
    }

    // MARK: Tables

    private var place: GrammarTables.Place { places[places.count - 1] }

    /// The bytes of the lexeme that is being matched, where they matter.
    private func pending(_ tables: GrammarTables) -> [UInt8] {
        guard tables.lexer.holdsUnseen[Int(place.state)] else { return [] }
        return Array(text[marks[marks.count - 1].lexemeStart...])
    }

    /// Runs `body` with the tables, whose places the matcher's are.
    private mutating func withTables<Result: Sendable>(
        _ body: (inout GrammarMatcher, inout GrammarTables) throws(GrammarError) -> Result
    ) throws(GrammarError) -> Result {
        var copy = self
        self.places = []
        self.tokens = []
        self.text = []
        self.marks = []
        self.walk = nil
        defer { self = copy }
        return try grammar.withTables { (tables, generation) throws(GrammarError) -> Result in
            if generation != copy.generation { try copy.follow(&tables, generation) }
            return try body(&copy, &tables)
        }
    }

    /// Finds the places again in tables that were begun again.
    private mutating func follow(_ tables: inout GrammarTables, _ generation: Int) throws(GrammarError) {
        let known = tokens
        tokens = []
        places = [tables.first]
        text = []
        marks = [Mark(textCount: 0, lexemeStart: 0)]
        walk = nil
        self.generation = generation
        for token in known { try step(token, &tables) }
    }
}
