/// Numbers from text, and rounding, as Python's `int`, `float` and `round` do them.
enum PythonNumber {
    /// `int(text, base)`, or nil where Python raises an error or the number is beyond 64 bits.
    static func whole(_ text: String, base: Int) -> Int? {
        var digits = PythonText.stripped(text, nil)[...].unicodeScalars
        var isNegative = false
        if let sign = digits.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            digits = digits.dropFirst()
        }
        var radix = base
        let prefixes: [Unicode.Scalar: Int] = ["x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2]
        if digits.first == "0", let letter = digits.dropFirst().first, let named = prefixes[letter],
            base == 0 || base == named
        {
            radix = named
            digits = digits.dropFirst(2)
            if digits.first == "_" { digits = digits.dropFirst() }
        }
        if radix == 0 {
            guard digits.first != "0" || digits.allSatisfy({ $0 == "0" || $0 == "_" }) else { return nil }
            radix = 10
        }
        guard 2...36 ~= radix, let plain = withoutUnderscores(String(digits)) else { return nil }
        return Int((isNegative ? "-" : "") + plain, radix: radix)
    }

    /// `float(text)`, or nil where Python raises an error.
    static func float(_ text: String) -> Double? {
        guard let plain = withoutUnderscores(PythonText.stripped(text, nil), isSigned: true) else { return nil }
        let unsigned = plain.first == "-" || plain.first == "+" ? plain.dropFirst() : plain[...]
        switch unsigned.lowercased() {
        case "inf", "infinity": return plain.first == "-" ? -.infinity : .infinity
        case "nan": return .nan
        default:
            // Digits alone: Swift would read hexadecimal and NaN with a payload.
            let known = "0123456789.eE+-".unicodeScalars
            guard unsigned.first != "+", unsigned.first != "-", unsigned.unicodeScalars.allSatisfy(known.contains)
            else {
                return nil
            }
            let padded = unsigned.first == "." ? "0" + unsigned : String(unsigned)
            let completed =
                padded.last == "." ? padded + "0" : padded.replacing(".e", with: ".0e").replacing(".E", with: ".0E")
            return Double(completed).map { plain.first == "-" ? -$0 : $0 }
        }
    }

    /// The text without the underscores between digits; nil where one stands elsewhere, or nothing stands at all.
    private static func withoutUnderscores(_ text: String, isSigned: Bool = false) -> String? {
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.first, let last = scalars.last, last != "_", first != "_" else { return nil }
        if !isSigned, first == "-" || first == "+" { return nil }
        var kept: [Unicode.Scalar] = []
        for (index, scalar) in scalars.enumerated() {
            guard scalar == "_" else {
                kept.append(scalar)
                continue
            }
            guard scalars[index - 1].hexadecimalDigit != nil || scalars[index - 1].isASCIILetter,
                scalars[index + 1] != "_"
            else { return nil }
        }
        return String(scalars: kept)
    }

    /// `round(value, digits)` of a whole number: with negative digits to tens and hundreds, of two equally near the even.
    static func rounded(_ value: Int, toDigits digits: Int) throws -> Int {
        guard digits < 0 else { return value }
        guard digits > -19 else { return 0 }
        var unit = 1
        for _ in 0..<(-digits) { unit *= 10 }
        let remainder = value % unit
        let lower = value - remainder
        let twice = remainder.magnitude * 2
        let isUp = twice > UInt(unit) || (twice == UInt(unit) && (lower / unit) % 2 != 0)
        guard isUp else { return lower }
        let (result, overflow) = lower.addingReportingOverflow(value < 0 ? -unit : unit)
        guard !overflow else { throw JinjaError("round gives a whole number beyond 64 bits, the limit", kind: .limit) }
        return result
    }
}
