/// A terminal of a grammar: a regular expression, and where its match ends.
package struct Lexeme: Hashable, Sendable {
    package var expression: RegexExpression
    package var ending: Ending
    /// The lexeme that may stand once before this one, such as white space.
    package var skip: LexemeID?

    /// Where a match ends.
    package enum Ending: Hashable, Sendable {
        /// With the byte before the first that no greedy lexeme of the place can go on with: the longest match. What the
        /// longest match takes is not tried shorter, so it suits formats whose lexemes end by themselves, such as JSON's.
        case longest
        /// With the first byte at which it matches.
        case shortest
        /// Wherever it matches: all ways are followed at once, as for grammars that know characters only.
        case anywhere
    }

    package init(_ expression: RegexExpression, ending: Ending = .longest, skip: LexemeID? = nil) {
        self.expression = expression
        self.ending = ending
        self.skip = skip
    }
}

/// A lexeme of a ``Grammar``.
package struct LexemeID: Hashable, Sendable {
    package let index: Int
    init(index: Int) { self.index = index }
}

/// Whole tokens that a grammar names by their ids. Text never spells a special token; this is the way to one.
package enum TokenSet: Hashable, Sendable {
    case of([Int32])
    /// Any token of text but these.
    case textBut([Int32])
}

/// A token set of a ``Grammar``.
package struct TokenSetID: Hashable, Sendable {
    package let index: Int
    init(index: Int) { self.index = index }
}
