/// Reads the text of an ``ECMAPattern``.
struct ECMAPatternParser {
    private typealias Refusal = ECMAPattern.Refusal
    private typealias Node = ECMAPattern.Node

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    private let ignoresCase: Bool
    private let dotTakesLineEnds: Bool

    init(_ pattern: String, ignoresCase: Bool = false, dotTakesLineEnds: Bool = false) {
        scalars = Array(pattern.unicodeScalars)
        self.ignoresCase = ignoresCase
        self.dotTakesLineEnds = dotTakesLineEnds
    }

    mutating func pattern() throws(ECMAPattern.Refusal) -> ECMAPattern.Node {
        guard scalars.count <= ECMAPattern.limits.length else {
            throw Refusal(
                reason: "a pattern of \(scalars.count) characters, above the limit of \(ECMAPattern.limits.length)",
                isMalformed: false)
        }
        let node = try disjunction()
        if position < scalars.count { throw malformed("an unmatched ')'") }
        return node
    }

    private func malformed(_ reason: String) -> Refusal {
        Refusal(reason: "\(reason) at character \(position) of the pattern", isMalformed: true)
    }

    private func refused(_ reason: String) -> Refusal {
        Refusal(reason: "\(reason) at character \(position) of the pattern", isMalformed: false)
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func isNext(_ text: String) -> Bool { scalars[position...].starts(with: text.unicodeScalars) }

    private mutating func take(_ text: String) -> Bool {
        guard isNext(text) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    private mutating func disjunction() throws(ECMAPattern.Refusal) -> ECMAPattern.Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= ECMAPattern.limits.depth else {
            throw refused("groups nested deeper than \(ECMAPattern.limits.depth)")
        }
        var branches = [try alternative()]
        while take("|") { branches.append(try alternative()) }
        return branches.count == 1 ? branches[0] : .either(branches)
    }

    private mutating func alternative() throws(ECMAPattern.Refusal) -> ECMAPattern.Node {
        var terms: [Node] = []
        while let scalar = next, scalar != "|", scalar != ")" { terms.append(try term()) }
        return .sequence(terms)
    }

    private mutating func term() throws(ECMAPattern.Refusal) -> ECMAPattern.Node {
        if take("^") { return .start }
        if take("$") { return .end }
        if isNext("\\b") || isNext("\\B") { throw refused("a word boundary") }
        return try quantified(try atom())
    }

    private mutating func quantified(_ atom: Node) throws(ECMAPattern.Refusal) -> ECMAPattern.Node {
        var bounds: (min: Int, max: Int?)
        if take("*") {
            bounds = (0, nil)
        } else if take("+") {
            bounds = (1, nil)
        } else if take("?") {
            bounds = (0, 1)
        } else if next == "{", let braces = try counts() {
            bounds = braces
        } else {
            return atom
        }
        _ = take("?")
        if let scalar = next, "*+?".unicodeScalars.contains(scalar) { throw malformed("nothing to repeat") }
        if let max = bounds.max, max < bounds.min { throw malformed("a repetition whose most is below its least") }
        if max(bounds.min, bounds.max ?? 0) > ECMAPattern.limits.count {
            throw refused("a repetition above the limit of \(ECMAPattern.limits.count)")
        }
        return .repeated(atom, min: bounds.min, max: bounds.max)
    }

    /// `{2}`, `{2,}` or `{2,5}`; nil where the brace stands for itself.
    private mutating func counts() throws(ECMAPattern.Refusal) -> (min: Int, max: Int?)? {
        let start = position
        position += 1
        let min = digits()
        var max = min
        if take(",") { max = digits() ?? (next == "}" ? Int.max : nil) }
        guard let min, let max, take("}") else {
            position = start
            return nil
        }
        return (min, max == Int.max ? nil : max)
    }

    private mutating func digits() -> Int? {
        var value: Int?
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value - 0x30), ECMAPattern.limits.count + 1)
            position += 1
        }
        return value
    }

    private mutating func atom() throws(ECMAPattern.Refusal) -> ECMAPattern.Node {
        if take("(") { return try group() }
        if take(".") { return .set(dotTakesLineEnds ? .all : ScalarClass.lineTerminators.complement) }
        if take("[") { return .set(try characterClass()) }
        guard let scalar = next else { throw malformed("an end within a term") }
        if scalar == "\\" { return .set(try escape(inClass: false)) }
        if "*+?".unicodeScalars.contains(scalar) { throw malformed("nothing to repeat") }
        position += 1
        return .set(folded(ScalarSet(scalar)))
    }

    private mutating func group() throws(ECMAPattern.Refusal) -> ECMAPattern.Node {
        var wrap: (Node) -> Node = { $0 }
        if take("?=") {
            wrap = { .lookahead($0, isNegative: false) }
        } else if take("?!") {
            wrap = { .lookahead($0, isNegative: true) }
        } else if take("?<=") || take("?<!") {
            throw refused("a lookbehind")
        } else if take("?<") {
            while let scalar = next, scalar != ">" {
                guard scalar == "_" || scalar == "$" || scalar.properties.isIDContinue else {
                    throw malformed("a group's name with '\(scalar)'")
                }
                position += 1
            }
            guard take(">") else { throw malformed("a group's name without its end") }
        } else if isNext("?"), !take("?:") {
            if position + 1 < scalars.count, "imsuxgy-".unicodeScalars.contains(scalars[position + 1]) {
                throw refused("flags of a group; write out what they mean, such as '[Aa]' for '(?i)a',")
            }
            throw malformed("an unknown kind of group")
        }
        let inner = try disjunction()
        guard take(")") else { throw malformed("a group without its ')'") }
        return wrap(inner)
    }

    // MARK: Classes

    private mutating func characterClass() throws(ECMAPattern.Refusal) -> ScalarSet {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            let low = try classAtom()
            guard isNext("-"), position + 1 < scalars.count, scalars[position + 1] != "]" else {
                ranges += low.ranges
                continue
            }
            position += 1
            let high = try classAtom()
            guard let first = single(low), let last = single(high) else {
                // As annex B has it: a class at either end makes the hyphen a character.
                ranges += low.ranges + high.ranges + [0x2D...0x2D]
                continue
            }
            guard first <= last else { throw malformed("a range whose end is before its start") }
            ranges.append(first...last)
        }
        let set = folded(ScalarSet(ranges))
        return isNegated ? set.complement : set
    }

    /// The set with both cases of its letters, where case is ignored.
    private func folded(_ set: ScalarSet) -> ScalarSet { ignoresCase ? set.withBothCases : set }

    private func single(_ set: ScalarSet) -> UInt32? {
        guard set.ranges.count == 1, set.ranges[0].count == 1 else { return nil }
        return set.ranges[0].lowerBound
    }

    private mutating func classAtom() throws(ECMAPattern.Refusal) -> ScalarSet {
        guard let scalar = next else { throw malformed("a character class without its ']'") }
        if scalar == "\\" { return try escape(inClass: true) }
        position += 1
        return ScalarSet(scalar)
    }

    private mutating func escape(inClass: Bool) throws(ECMAPattern.Refusal) -> ScalarSet {
        position += 1
        guard let scalar = next else { throw malformed("an end within an escape") }
        position += 1
        switch scalar {
        case "d": return ScalarClass.digits
        case "D": return ScalarClass.digits.complement
        case "w": return ScalarClass.wordCharacters
        case "W": return ScalarClass.wordCharacters.complement
        case "s": return ScalarClass.whiteSpace
        case "S": return ScalarClass.whiteSpace.complement
        case "t": return ScalarSet("\t")
        case "n": return ScalarSet("\n")
        case "v": return ScalarSet("\u{B}")
        case "f": return ScalarSet("\u{C}")
        case "r": return ScalarSet("\r")
        case "b" where inClass: return ScalarSet("\u{8}")
        case "0":
            if let digit = next, ("0"..."9").contains(digit) { throw malformed("an octal escape") }
            return ScalarSet("\0")
        case "1"..."9": throw refused("a back reference")
        case "k": throw refused("a back reference")
        case "c":
            guard let letter = next, letter.isASCII, letter.properties.isAlphabetic else {
                throw malformed("'\\c' without its letter")
            }
            position += 1
            return ScalarSet(Unicode.Scalar(UInt8(letter.value & 31)))
        case "x": return ScalarSet(try hexadecimal(2))
        case "u": return ScalarSet(try unicodeEscape())
        case "p", "P":
            guard take("{") else { throw malformed("'\\\(scalar)' without its braces") }
            var name = ""
            while let scalar = next, scalar != "}" {
                name.unicodeScalars.append(scalar)
                position += 1
            }
            guard take("}") else { throw malformed("a property without its '}'") }
            guard let set = ScalarClass.property(name) else {
                throw refused(
                    "the property '\(name)', which is no general category and none of the known binary ones; write its "
                        + "ranges, such as '[\\u0370-\\u03FF]' for Greek,")
            }
            return scalar == "p" ? set : set.complement
        default:
            guard !scalar.isASCII || !scalar.properties.isAlphabetic else {
                throw malformed("the unknown escape '\\\(scalar)'")
            }
            return ScalarSet(scalar)
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(ECMAPattern.Refusal) -> Unicode.Scalar {
        let value = try hexadecimalValue(count)
        guard let scalar = Unicode.Scalar(value) else { throw malformed("an escape of no character") }
        return scalar
    }

    private mutating func hexadecimalValue(_ count: Int) throws(ECMAPattern.Refusal) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let scalar = next, scalar.isASCII, let digit = Character(scalar).hexDigitValue else {
                throw malformed("an escape without its \(count) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func unicodeEscape() throws(ECMAPattern.Refusal) -> Unicode.Scalar {
        if take("{") {
            var value: UInt32 = 0
            while let scalar = next, scalar.isASCII, let digit = Character(scalar).hexDigitValue {
                value = min(value << 4 | UInt32(digit), 0x110000)
                position += 1
            }
            guard take("}"), let scalar = Unicode.Scalar(value) else { throw malformed("an escape of no character") }
            return scalar
        }
        let unit = try hexadecimalValue(4)
        if (0xD800..<0xDC00).contains(unit), take("\\u") {
            let low = try hexadecimalValue(4)
            guard (0xDC00..<0xE000).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            else { throw malformed("a lone surrogate") }
            return scalar
        }
        guard let scalar = Unicode.Scalar(unit) else { throw malformed("a lone surrogate") }
        return scalar
    }
}
