/// The escapes of a string literal, as Python's `unicode-escape` reads them.
struct StringEscapes {
    private let text: ArraySlice<Unicode.Scalar>
    private var place: Int
    private var result = String.UnicodeScalarView()

    /// The text that a literal's inside stands for.
    static func decoded(_ text: ArraySlice<Unicode.Scalar>) throws(JinjaError) -> String {
        guard text.contains("\\") else { return String(scalars: text) }
        var escapes = StringEscapes(text: text, place: text.startIndex)
        while escapes.place < text.endIndex { try escapes.step() }
        return String(escapes.result)
    }

    private init(text: ArraySlice<Unicode.Scalar>, place: Int) {
        self.text = text
        self.place = place
    }

    private mutating func step() throws(JinjaError) {
        let scalar = text[place]
        place += 1
        guard scalar == "\\", place < text.endIndex else { return result.append(scalar) }
        let kind = text[place]
        place += 1
        switch kind {
        case "\n": break
        case "\\", "'", "\"": result.append(kind)
        case "a": result.append("\u{7}")
        case "b": result.append("\u{8}")
        case "f": result.append("\u{C}")
        case "n": result.append("\n")
        case "r": result.append("\r")
        case "t": result.append("\t")
        case "v": result.append("\u{B}")
        case "x": try append(number(digits: 2, kind))
        case "u": try append(number(digits: 4, kind))
        case "U": try append(number(digits: 8, kind))
        case "0"..."7": try octal()
        case "N": throw JinjaError("the escape '\\N' is not supported; write the character itself", kind: .syntax)
        default: keep(kind)
        }
    }

    /// Keeps an unknown escape as it stands. Jinja2 has escaped other than ASCII characters before it looks for escapes.
    private mutating func keep(_ kind: Unicode.Scalar) {
        result.append("\\")
        if kind.isASCII {
            result.append(kind)
        } else {
            result.append(contentsOf: kind.pythonEscape.dropFirst().unicodeScalars)
        }
    }

    private mutating func octal() throws(JinjaError) {
        var value: UInt32 = 0
        place -= 1
        let end = min(place + 3, text.endIndex)
        while place < end, let digit = text[place].hexadecimalDigit, digit < 8 {
            value = value * 8 + digit
            place += 1
        }
        try append(value)
    }

    private mutating func number(digits: Int, _ kind: Unicode.Scalar) throws(JinjaError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard place < text.endIndex, let digit = text[place].hexadecimalDigit, value < 1 << 28 else {
                throw JinjaError("the escape '\\\(kind)' needs \(digits) hexadecimal digits", kind: .syntax)
            }
            value = value << 4 | digit
            place += 1
        }
        return value
    }

    private mutating func append(_ value: UInt32) throws(JinjaError) {
        guard let scalar = Unicode.Scalar(value) else {
            throw JinjaError("the escape for U+\(String(value, radix: 16)) is no character", kind: .syntax)
        }
        result.append(scalar)
    }
}
