/// Cuts a template into tokens, with `trim_blocks` and `lstrip_blocks` on, as `transformers` sets them.
///
/// The rules are those of Jinja2's lexer: a line break after a block or a comment is dropped, and white space between
/// the beginning of a line and a block or a comment is too; `-` at a tag's edge drops all white space on that side, `+`
/// keeps it. Line breaks become `\n`, and one at the very end is dropped.
struct Lexer {
    private enum Limits {
        static let nameLength = 256
    }

    private let source: [Unicode.Scalar]
    private var index = 0
    private var position = SourcePosition()
    private var tokens: [Token] = []
    private var brackets: [Token.Symbol] = []
    /// Whether what was read last ended a line.
    private var startsLine = true

    static func tokens(of text: String) throws -> [Token] {
        var lexer = Lexer(text)
        try lexer.run()
        return lexer.tokens
    }

    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(text.utf8.count)
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if scalar != "\n" || previous != "\r" {
                scalars.append(scalar)
            }
            previous = scalar
        }
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    // MARK: Text between tags

    private mutating func run() throws {
        while index < source.count {
            guard let start = nextTag() else {
                emitData(source[index...])
                advance(to: source.count)
                break
            }
            let sign = at(start + 2) == "-" || at(start + 2) == "+" ? at(start + 2) : nil
            let opening = start + 2 + (sign == nil ? 0 : 1)
            let kind = source[start + 1]
            emitData(stripped(source[index..<start], sign: sign, isVariable: kind == "{"))
            advance(to: start)
            let begin = position
            if kind == "%", let content = rawContent(after: opening) {
                advance(to: content)
                try raw(begin)
                continue
            }
            advance(to: opening)
            switch kind {
            case "#": try comment(begin)
            case "%": try tag(.blockBegin, .blockEnd, begin)
            default: try tag(.variableBegin, .variableEnd, begin)
            }
        }
        tokens.append(Token(kind: .end, position: position))
    }

    private func nextTag() -> Int? {
        var place = index
        while place + 1 < source.count {
            if source[place] == "{" {
                let kind = source[place + 1]
                if kind == "{" || kind == "%" || kind == "#" { return place }
            }
            place += 1
        }
        return nil
    }

    private mutating func emitData(_ text: ArraySlice<Unicode.Scalar>) {
        if !text.isEmpty { tokens.append(Token(kind: .data(String(scalars: text)), position: position)) }
    }

    /// The text in front of a tag, less the white space that the tag or `lstrip_blocks` takes away.
    private func stripped(
        _ text: ArraySlice<Unicode.Scalar>, sign: Unicode.Scalar?, isVariable: Bool
    ) -> ArraySlice<Unicode.Scalar> {
        if sign == "-" { return text.trimmingSuffix(\.isPythonSpace) }
        if sign == "+" || isVariable { return text }
        let line = text.lastIndex(of: "\n").map { $0 + 1 }
        guard let start = line ?? (startsLine ? text.startIndex : nil) else { return text }
        return text[start...].allSatisfy(\.isPythonSpace) ? text[..<start] : text
    }

    // MARK: Comments and raw text

    private mutating func comment(_ begin: SourcePosition) throws {
        // As in Jinja2, what is opened at the very end needs no closing.
        if index == source.count { return }
        var place = index
        while at(place) != "#" || at(place + 1) != "}" {
            guard place < source.count else {
                throw JinjaError("the comment is not closed with '#}'", kind: .syntax, at: begin)
            }
            place += 1
        }
        let sign = place > index ? source[place - 1] : "#"
        close(at: place + 2, sign: sign, trimsLineBreak: true)
    }

    /// Where the text of a `raw` block begins, if the tag that was opened is one.
    private func rawContent(after opening: Int) -> Int? {
        var place = skippingSpace(from: opening)
        guard hasWord("raw", at: place) else { return nil }
        place = skippingSpace(from: place + 3)
        if at(place) == "%", at(place + 1) == "}" { return place + 2 }
        if at(place) == "-", at(place + 1) == "%", at(place + 2) == "}" { return skippingSpace(from: place + 3) }
        return nil
    }

    private mutating func raw(_ begin: SourcePosition) throws {
        if index == source.count { return }
        startsLine = source[index - 1] == "\n"
        var place = index
        while place + 1 < source.count {
            if source[place] == "{", source[place + 1] == "%", let end = rawEnd(after: place + 2) {
                let sign = at(place + 2) == "-" || at(place + 2) == "+" ? at(place + 2) : nil
                emitData(stripped(source[index..<place], sign: sign, isVariable: false))
                close(at: end.after, sign: end.sign, trimsLineBreak: true)
                return
            }
            place += 1
        }
        throw JinjaError("the raw block is not closed with '{% endraw %}'", kind: .syntax, at: begin)
    }

    private func rawEnd(after opening: Int) -> (after: Int, sign: Unicode.Scalar)? {
        var place = opening
        if at(place) == "-" || at(place) == "+" { place += 1 }
        place = skippingSpace(from: place)
        guard hasWord("endraw", at: place) else { return nil }
        place = skippingSpace(from: place + 6)
        let sign: Unicode.Scalar = at(place) == "-" || at(place) == "+" ? source[place] : " "
        if sign != " " { place += 1 }
        return at(place) == "%" && at(place + 1) == "}" ? (place + 2, sign) : nil
    }

    /// Ends a tag behind its closing bracket.
    private mutating func close(at end: Int, sign: Unicode.Scalar, trimsLineBreak: Bool) {
        var after = end
        if sign == "-" {
            after = skippingSpace(from: end)
        } else if sign != "+", trimsLineBreak, at(end) == "\n" {
            after += 1
        }
        advance(to: after)
        startsLine = source[after - 1] == "\n"
    }

    // MARK: Tags

    private mutating func tag(_ opening: Token.Kind, _ closing: Token.Kind, _ begin: SourcePosition) throws {
        tokens.append(Token(kind: opening, position: begin))
        let bracket: Unicode.Scalar = closing == .blockEnd ? "%" : "}"
        brackets.removeAll()
        while true {
            advance(to: skippingSpace(from: index))
            guard index < source.count else {
                throw JinjaError("the tag is not closed with '\(bracket)}'", kind: .syntax, at: begin)
            }
            if brackets.isEmpty, let end = tagEnd(bracket) {
                tokens.append(Token(kind: closing, position: position))
                close(at: end.after, sign: end.sign, trimsLineBreak: closing == .blockEnd)
                return
            }
            let place = position
            tokens.append(Token(kind: try content(), position: place))
        }
    }

    private func tagEnd(_ bracket: Unicode.Scalar) -> (after: Int, sign: Unicode.Scalar)? {
        if at(index) == bracket, at(index + 1) == "}" { return (index + 2, " ") }
        guard let sign = at(index), sign == "-" || (sign == "+" && bracket == "%") else { return nil }
        return at(index + 1) == bracket && at(index + 2) == "}" ? (index + 3, sign) : nil
    }

    private mutating func content() throws -> Token.Kind {
        let scalar = source[index]
        if scalar.isASCIIDigit, let number = try number() { return number }
        if scalar.isPythonWord { return .name(try name()) }
        if scalar == "'" || scalar == "\"" { return .string(try string(quote: scalar)) }
        guard let symbol = symbol() else {
            throw failure("the character '\(String(scalar).quotedScalars)' means nothing here")
        }
        try balance(symbol)
        advance(to: index + symbol.rawValue.unicodeScalars.count)
        return .symbol(symbol)
    }

    private func symbol() -> Token.Symbol? {
        if let next = at(index + 1), let symbol = Token.Symbol(rawValue: String(scalars: [source[index], next])) {
            return symbol
        }
        return Token.Symbol(rawValue: String(source[index]))
    }

    private mutating func balance(_ symbol: Token.Symbol) throws {
        switch symbol {
        case .leftBrace: brackets.append(.rightBrace)
        case .leftBracket: brackets.append(.rightBracket)
        case .leftParenthesis: brackets.append(.rightParenthesis)
        case .rightBrace, .rightBracket, .rightParenthesis:
            guard let expected = brackets.popLast() else { throw failure("'\(symbol.rawValue)' closes nothing") }
            guard expected == symbol else {
                throw failure("'\(symbol.rawValue)' stands where '\(expected.rawValue)' is needed")
            }
        default: break
        }
    }

    private mutating func name() throws -> String {
        let end = source[index...].firstIndex { !$0.isPythonWord } ?? source.count
        let name = source[index..<end]
        let isIdentifier =
            (name.first == "_" || name.first?.properties.isXIDStart == true)
            && name.dropFirst().allSatisfy(\.properties.isXIDContinue)
        guard isIdentifier, name.count <= Limits.nameLength else {
            throw failure("'\(String(scalars: name.prefix(40)).quotedScalars)' is no name")
        }
        advance(to: end)
        return String(scalars: name)
    }

    // MARK: Numbers

    private mutating func number() throws -> Token.Kind? {
        if source[index] == "0", let radix = radix(at(index + 1)) {
            let end = digitsEnd(from: index + 2) { $0.properties.numericType != nil || $0.isASCIILetter } ?? index
            let digits = String(scalars: source[index..<end].dropFirst(2).filter { $0 != "_" })
            if let value = Int(digits, radix: radix) {
                advance(to: end)
                return .integer(value)
            }
        }
        guard let whole = digitsEnd(from: index, \.isASCIIDigit) else { return nil }
        let isAfterDot = index > 0 && source[index - 1] == "."
        if !isAfterDot, let end = floatEnd(after: whole) {
            let text = String(scalars: source[index..<end].filter { $0 != "_" })
            guard let value = Double(text) else { throw failure("'\(text)' is no number") }
            advance(to: end)
            return .float(value)
        }
        var end = whole
        if source[index] == "0" { end = source[index..<whole].firstIndex { $0 != "0" && $0 != "_" } ?? whole }
        let text = String(scalars: source[index..<end].filter { $0 != "_" })
        guard let value = Int(text) else {
            throw failure("the number \(text.prefix(30)) is beyond 64 bits, the limit")
        }
        advance(to: end)
        return .integer(value)
    }

    private func radix(_ letter: Unicode.Scalar?) -> Int? {
        switch letter {
        case "x", "X": 16
        case "o", "O": 8
        case "b", "B": 2
        default: nil
        }
    }

    /// Where digits, single underscores among them, end; nil where none stands.
    private func digitsEnd(from start: Int, _ isDigit: (Unicode.Scalar) -> Bool) -> Int? {
        var end: Int?
        var place = start
        while let scalar = at(place) {
            if isDigit(scalar) {
                end = place + 1
            } else if scalar != "_" || at(place - 1) == "_" || end == nil {
                break
            }
            place += 1
        }
        return end
    }

    private func floatEnd(after whole: Int) -> Int? {
        var end = whole
        if at(end) == ".", let fraction = digitsEnd(from: end + 1, \.isASCIIDigit) { end = fraction }
        if at(end) == "e" || at(end) == "E" {
            let signed = at(end + 1) == "+" || at(end + 1) == "-" ? end + 2 : end + 1
            if let exponent = digitsEnd(from: signed, \.isASCIIDigit) { end = exponent }
        }
        return end > whole ? end : nil
    }

    // MARK: Strings

    private mutating func string(quote: Unicode.Scalar) throws -> String {
        var place = index + 1
        while let scalar = at(place), scalar != quote { place += scalar == "\\" ? 2 : 1 }
        guard place < source.count else { throw failure("the string is not closed") }
        let text = try unescaped(source[(index + 1)..<place])
        advance(to: place + 1)
        return text
    }

    private func unescaped(_ text: ArraySlice<Unicode.Scalar>) throws -> String {
        do {
            return try StringEscapes.decoded(text)
        } catch {
            throw failure(error.message)
        }
    }

    // MARK: Places

    private func at(_ place: Int) -> Unicode.Scalar? { source.indices.contains(place) ? source[place] : nil }

    private func hasWord(_ word: String, at place: Int) -> Bool {
        source[min(place, source.count)...].starts(with: word.unicodeScalars)
    }

    private func skippingSpace(from place: Int) -> Int {
        var place = place
        while let scalar = at(place), scalar.isPythonSpace { place += 1 }
        return place
    }

    private mutating func advance(to end: Int) {
        for scalar in source[index..<end] {
            if scalar == "\n" {
                position.line += 1
                position.column = 1
            } else {
                position.column += 1
            }
        }
        index = end
    }

    private func failure(_ message: String) -> JinjaError { JinjaError(message, kind: .syntax, at: position) }
}
