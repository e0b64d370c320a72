/// `format % values`, Python's printf.
struct PercentFormat {
    private let interpreter: Interpreter
    private let format: [Unicode.Scalar]
    private let isMarkup: Bool
    private var place = 0
    private var result = ""
    private let values: Value
    /// The values in their turn; a value that is no tuple counts as the only one.
    private var row: [Value]
    private var used = 0

    static func text(
        _ format: String, _ values: Value, isMarkup: Bool, _ interpreter: Interpreter
    ) throws -> String {
        try interpreter.budget.spend(1 + format.utf8.count / Extent.bytesPerCount)
        var formatter = PercentFormat(format, values, isMarkup, interpreter)
        while formatter.place < formatter.format.count { try formatter.step() }
        guard formatter.isUsedUp else { throw JinjaError("'%' has more values than the format takes") }
        return formatter.result
    }

    private init(_ format: String, _ values: Value, _ isMarkup: Bool, _ interpreter: Interpreter) {
        self.interpreter = interpreter
        self.format = Array(format.unicodeScalars)
        self.isMarkup = isMarkup
        self.values = values
        if case .tuple(let tuple) = values { row = tuple.elements } else { row = [values] }
    }

    private var isUsedUp: Bool {
        if used >= row.count { return true }
        guard used == 0 else { return false }
        // A dict, or a row, may be left aside.
        switch values {
        case .dict, .list: return true
        default: return false
        }
    }

    private var current: Unicode.Scalar? { place < format.count ? format[place] : nil }

    private mutating func step() throws {
        guard format[place] == "%" else {
            let end = format[place...].firstIndex(of: "%") ?? format.count
            result.unicodeScalars.append(contentsOf: format[place..<end])
            place = end
            return
        }
        place += 1
        if current == "%" {
            result += "%"
            place += 1
            return
        }
        let key = try key()
        var field = FieldFormat()
        var isLeft = false
        var isZeroed = false
        while let flag = current, ["-", "+", " ", "#", "0"].contains(flag) {
            switch flag {
            case "-": isLeft = true
            case "0": isZeroed = true
            case "#": field.isAlternate = true
            case "+": field.sign = "+"
            default: if field.sign == "-" { field.sign = " " }
            }
            place += 1
        }
        field.width = try number(FieldFormat.Limits.width) ?? 0
        if current == "." {
            place += 1
            field.precision = try number(FieldFormat.Limits.precision) ?? 0
        }
        while current == "l" || current == "h" || current == "L" { place += 1 }
        field.alignment = isLeft ? .left : isZeroed ? .inside : .right
        if isZeroed, !isLeft { field.fill = "0" }
        guard let conversion = current else { throw JinjaError("the format ends within a field") }
        place += 1
        let value = try key.map { try member($0) } ?? next()
        result += try text(value, conversion, field)
        try interpreter.budget.check(textBytes: result.utf8.count)
    }

    private mutating func key() throws -> String? {
        guard current == "(" else { return nil }
        guard let end = format[place...].firstIndex(of: ")") else {
            throw JinjaError("a key of the format is not closed")
        }
        defer { place = end + 1 }
        return String(scalars: format[(place + 1)..<end])
    }

    private mutating func number(_ limit: Int) throws -> Int? {
        if current == "*" {
            place += 1
            guard let number = try next().wholeNumber, 0...limit ~= number else {
                throw JinjaError("a width or precision of '*' must be 0 to \(limit)")
            }
            return number
        }
        let end = format[place...].firstIndex { !$0.isASCIIDigit } ?? format.count
        guard end > place else { return nil }
        defer { place = end }
        return try FieldFormat.number(format[place..<end], limit: limit)
    }

    private mutating func next() throws -> Value {
        guard used < row.count else { throw JinjaError("'%' has fewer values than the format takes") }
        used += 1
        return row[used - 1]
    }

    private func member(_ key: String) throws -> Value {
        guard case .dict(let dict) = values else { throw JinjaError("a format with names needs a dict") }
        guard let value = dict[key] else { throw JinjaError("the format's name '\(key)' is not in the dict") }
        return value
    }

    private func text(_ value: Value, _ conversion: Unicode.Scalar, _ field: FieldFormat) throws -> String {
        switch conversion {
        case "s", "r", "a":
            var text = conversion == "s" ? try interpreter.text(value) : try ValueWriter.representation(value)
            if isMarkup, !value.isMarkup { text = text.escapedMarkup }
            if let precision = field.precision { text = String(scalars: text.unicodeScalars.prefix(precision)) }
            var plain = field
            if plain.alignment == .inside { (plain.alignment, plain.fill) = (.right, " ") }
            return plain.padded(text, .right)
        case "d", "i", "u":
            guard let number = try whole(value) else { break }
            var field = field
            if let precision = field.precision {
                field.precision = nil
                let digits = PythonText.padded(String(number.magnitude), to: precision, with: "0", .left)
                return field.number(digits, isNegative: number < 0)
            }
            return field.whole(number, "d")
        case "x", "X", "o":
            guard let number = value.wholeNumber else { break }
            return field.whole(number, conversion)
        case "e", "E", "f", "F", "g", "G":
            guard let number = value.number else { break }
            return field.float(number, conversion)
        case "c":
            if let text = value.text, PythonText.length(text) == 1 { return field.padded(text, .right) }
            guard let code = value.wholeNumber.flatMap(UInt32.init(exactly:)), let scalar = Unicode.Scalar(code) else {
                break
            }
            return field.padded(String(scalar), .right)
        default: throw JinjaError("'%\(String(conversion).quotedScalars)' is no conversion")
        }
        throw JinjaError("'%\(conversion)' does not take a \(value.typeName)")
    }

    private func whole(_ value: Value) throws -> Int? {
        guard case .float(let number) = value else { return value.wholeNumber }
        guard let whole = Int(exactly: number.rounded(.towardZero)) else {
            throw JinjaError("'%d' gives a whole number beyond 64 bits, the limit")
        }
        return whole
    }
}
