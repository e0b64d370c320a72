internal import LLMJSON

/// A place in the text of a grammar, with what all such languages have in common.
struct TextCursor {
    let scalars: [Unicode.Scalar]
    var position = 0
    /// What errors call the text.
    let part: String
    /// How deep groups may nest, and the greatest text.
    static let depthLimit = 64
    static let lengthLimit = 1 << 20
    /// The most that a repetition may count to.
    static let countLimit = 100_000

    init(_ text: String, part: String) throws(GrammarError) {
        scalars = Array(text.unicodeScalars)
        self.part = part
        guard scalars.count <= Self.lengthLimit else {
            throw GrammarError(
                .refused, "\(part) has \(scalars.count) characters; at most \(Self.lengthLimit) are taken")
        }
    }

    var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }
    var isAtEnd: Bool { position >= scalars.count }

    func peek(_ offset: Int) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    func isNext(_ text: String) -> Bool { scalars[position...].starts(with: text.unicodeScalars) }

    mutating func take(_ text: String) -> Bool {
        guard isNext(text) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    mutating func take(while isIn: (Unicode.Scalar) -> Bool) -> String {
        var view = String.UnicodeScalarView()
        while let scalar = next, isIn(scalar) {
            view.append(scalar)
            position += 1
        }
        return String(view)
    }

    mutating func expect(_ text: String) throws(GrammarError) {
        guard take(text) else { throw malformed("\(found) where \(text.quoted) should be") }
    }

    mutating func number() throws(GrammarError) -> Int {
        let digits = take { ("0"..."9").contains($0) }
        guard let value = Int(digits), value <= Int(Int32.max) else {
            throw malformed(digits.isEmpty ? "\(found) where a number should be" : "the number \(digits) is too large")
        }
        return value
    }

    /// What is next, in words.
    var found: String { next.map { "\(String($0).quoted)" } ?? "the end" }

    /// The line and column of a place, from 1.
    func place(_ position: Int? = nil) -> String {
        let before = scalars[..<min(position ?? self.position, scalars.count)]
        let line = before.count { $0 == "\n" } + 1
        let column = before.count - (before.lastIndex(of: "\n").map { $0 + 1 } ?? 0) + 1
        return "\(line):\(column)"
    }

    func malformed(_ reason: String, at position: Int? = nil) -> GrammarError {
        GrammarError(.malformed, "\(part), \(place(position)): \(reason)")
    }

    func refused(_ reason: String, at position: Int? = nil) -> GrammarError {
        GrammarError(.refused, "\(part), \(place(position)): \(reason)")
    }

    func checkCount(min: Int, max: Int?) throws(GrammarError) {
        if let max, max < min { throw malformed("a repetition counts to \(max), below its least, \(min)") }
        if Swift.max(min, max ?? 0) > Self.countLimit {
            throw refused("a repetition counts to \(Swift.max(min, max ?? 0)); at most \(Self.countLimit) is taken")
        }
    }

    mutating func hexadecimal(_ count: Int) throws(GrammarError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let scalar = next, scalar.isASCII, let digit = Character(scalar).hexDigitValue else {
                throw malformed("\(found) within an escape of \(count) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        guard let scalar = Unicode.Scalar(value) else { throw malformed("an escape of no character") }
        return scalar
    }

    /// `<[1,5-9]>`, `<[^2]>` and `<[*]>` behind their `<[`: ids of tokens.
    mutating func tokenIDs() throws(GrammarError) -> TokenSet {
        if take("*]>") { return .textBut([]) }
        let isNegated = take("^")
        var ids: [Int32] = []
        repeat {
            let first = try number()
            let last = take("-") ? try number() : first
            guard first <= last, last - first <= Self.countLimit else {
                throw malformed("the token ids \(first) to \(last)")
            }
            ids += (first...last).map { Int32($0) }
        } while take(",")
        try expect("]>")
        return isNegated ? .textBut(ids) : .of(ids)
    }

    /// `<|name|>` as a special token of the vocabulary; the place is at its `<`.
    mutating func specialToken(_ special: [String: Int32]) throws(GrammarError) -> TokenSet {
        let start = position
        let name = take { $0 != ">" && $0 != "\n" } + (take(">") ? ">" : "")
        guard let token = special[name] else {
            throw refused("the vocabulary has no special token \(name.quoted)", at: start)
        }
        return .of([token])
    }
}
