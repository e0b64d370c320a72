/// How a number or a text is written into a field, as Python's format specifications say.
struct FieldFormat {
    enum Alignment: Unicode.Scalar {
        case left = "<"
        case right = ">"
        case center = "^"
        /// Between the sign and the digits.
        case inside = "="
    }

    var fill: Unicode.Scalar = " "
    var alignment: Alignment?
    /// `-`: negative numbers have a sign; `+`: all have; a space: a space in place of `+`.
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    var width = 0
    /// What stands between groups of digits.
    var grouping: Unicode.Scalar?
    var precision: Int?

    enum Limits {
        static let width = 1 << 20
        static let precision = 1000
    }

    /// A row of digits, as `str.format` and `%` read widths and precisions.
    static func number(_ scalars: ArraySlice<Unicode.Scalar>, limit: Int) throws -> Int {
        guard let number = Int(String(scalars: scalars)), number <= limit else {
            throw JinjaError("a width or precision above \(limit), the limit", kind: .limit)
        }
        return number
    }

    func padded(_ text: String, _ standard: Alignment) -> String {
        let fill = String(fill)
        return switch alignment ?? standard {
        case .left: PythonText.padded(text, to: width, with: fill, .right)
        case .center:
            // Unlike `str.center`, a format puts the odd one to the right.
            centered(text, fill)
        case .right, .inside: PythonText.padded(text, to: width, with: fill, .left)
        }
    }

    private func centered(_ text: String, _ fill: String) -> String {
        let missing = max(0, width - PythonText.length(text))
        let left = missing / 2
        return PythonText.repeating(fill, count: left) + text + PythonText.repeating(fill, count: missing - left)
    }

    /// A number's digits with its sign and `prefix`, grouped and padded.
    func number(_ digits: String, isNegative: Bool, prefix: String = "", groupSize: Int = 3) -> String {
        let mark = isNegative ? "-" : sign == "-" ? "" : String(sign)
        let head = mark + prefix
        guard (alignment ?? .right) == .inside else { return padded(head + grouped(digits, groupSize), .right) }
        let body = grouped(
            fill == "0" ? zeroFilled(digits, groupSize, room: width - PythonText.length(head)) : digits, groupSize)
        return head + PythonText.padded(body, to: width - PythonText.length(head), with: String(fill), .left)
    }

    /// So many zeros before the digits that they, with what stands between their groups, fill the room.
    private func zeroFilled(_ digits: String, _ size: Int, room: Int) -> String {
        guard grouping != nil else { return digits }
        let length = PythonText.length(digits)
        let whole = wholePart(digits, size)
        var count = whole
        while count + (count - 1) / size + length - whole < room { count += 1 }
        return PythonText.repeating("0", count: count - whole) + digits
    }

    private func wholePart(_ digits: String, _ size: Int) -> Int {
        digits.unicodeScalars.prefix { $0.isASCIIDigit || $0.isASCIILetter && size == 4 }.count
    }

    private func grouped(_ digits: String, _ size: Int) -> String {
        guard let grouping else { return digits }
        let scalars = Array(digits.unicodeScalars)
        let whole = scalars.prefix(wholePart(digits, size))
        var result: [Unicode.Scalar] = []
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % size == 0 { result.append(grouping) }
            result.append(digit)
        }
        return String(scalars: result + scalars.dropFirst(whole.count))
    }

    /// A whole number in the base that `conversion` names.
    func whole(_ value: Int, _ conversion: Unicode.Scalar) -> String {
        let (radix, prefix) =
            switch conversion {
            case "x", "X": (16, "0\(conversion)")
            case "o": (8, "0o")
            case "b": (2, "0b")
            default: (10, "")
            }
        let digits = String(value.magnitude, radix: radix, uppercase: conversion == "X")
        return number(
            digits, isNegative: value < 0, prefix: isAlternate ? prefix : "", groupSize: radix == 10 ? 3 : 4)
    }

    /// A float by `e`, `f`, `g` (or their capitals) or `%`.
    func float(_ value: Double, _ conversion: Unicode.Scalar) -> String {
        let isPercent = conversion == "%"
        var letter: Character = isPercent ? "f" : Character(conversion)
        if letter == "F" { letter = "f" }
        let number = isPercent ? value * 100 : value
        var digits: String
        if !number.isFinite {
            digits = number.isNaN ? "nan" : "inf"
            if conversion.properties.isUppercase { digits = digits.uppercased() }
        } else {
            digits = number.magnitude.formatted(letter, precision: precision ?? 6)
        }
        return self.number(digits + (isPercent ? "%" : ""), isNegative: number.sign == .minus && !number.isNaN)
    }
}
