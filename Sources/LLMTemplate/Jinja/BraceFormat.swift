/// `text.format(…)`: fields in braces, with attributes, items, conversions and format specifications.
struct BraceFormat {
    private let interpreter: Interpreter
    private let arguments: Arguments
    private let isMarkup: Bool
    private var automatic = 0
    private var isNumbered: Bool?

    static func text(
        _ format: String, _ arguments: Arguments, like receiver: Value, _ interpreter: Interpreter
    ) throws -> String {
        var formatter = BraceFormat(interpreter: interpreter, arguments: arguments, isMarkup: receiver.isMarkup)
        return try formatter.text(Array(format.unicodeScalars)[...], depth: 2)
    }

    private init(interpreter: Interpreter, arguments: Arguments, isMarkup: Bool) {
        self.interpreter = interpreter
        self.arguments = arguments
        self.isMarkup = isMarkup
    }

    private mutating func text(_ format: ArraySlice<Unicode.Scalar>, depth: Int) throws -> String {
        guard depth >= 0 else { throw JinjaError("fields of a format nest too deep") }
        var result = ""
        var place = format.startIndex
        while place < format.endIndex {
            let scalar = format[place]
            let isDoubled = place + 1 < format.endIndex && format[place + 1] == scalar
            if scalar == "{" || scalar == "}", isDoubled {
                result.unicodeScalars.append(scalar)
                place += 2
            } else if scalar == "{" {
                let end = try Self.fieldEnd(format, after: place)
                result += try field(format[(place + 1)..<end], depth: depth)
                try interpreter.budget.check(textBytes: result.utf8.count)
                place = end + 1
            } else if scalar == "}" {
                throw JinjaError("a '}' of the format closes nothing")
            } else {
                result.unicodeScalars.append(scalar)
                place += 1
            }
        }
        return result
    }

    private static func fieldEnd(_ format: ArraySlice<Unicode.Scalar>, after start: Int) throws -> Int {
        var open = 0
        var isInItem = false
        for place in start..<format.endIndex {
            switch format[place] {
            case "[" where open == 1: isInItem = true
            case "]": isInItem = false
            case "{" where !isInItem: open += 1
            case "}" where !isInItem:
                open -= 1
                if open == 0 { return place }
            default: break
            }
        }
        throw JinjaError("a '{' of the format is not closed")
    }

    private mutating func field(_ field: ArraySlice<Unicode.Scalar>, depth: Int) throws -> String {
        let nameEnd = Self.nameEnd(field)
        var value = try self.value(field[..<nameEnd])
        var rest = field[nameEnd...]
        if rest.first == "!" {
            guard let conversion = rest.dropFirst().first, rest.count == 2 || rest[rest.startIndex + 2] == ":" else {
                throw JinjaError("a conversion of the format is one letter behind '!'")
            }
            switch conversion {
            case "s": value = .string(try interpreter.text(value))
            case "r", "a": value = .string(try ValueWriter.representation(value))
            default: throw JinjaError("'!\(String(conversion).quotedScalars)' is no conversion")
            }
            rest = rest.dropFirst(2)
        }
        let specification = try text(rest.dropFirst(), depth: depth - 1)
        let result = try Self.formatted(value, Array(specification.unicodeScalars), interpreter)
        return isMarkup && !value.isMarkup ? result.escapedMarkup : result
    }

    private static func nameEnd(_ field: ArraySlice<Unicode.Scalar>) -> Int {
        var isInItem = false
        return field.firstIndex { scalar in
            if scalar == "[" { isInItem = true }
            if scalar == "]" { isInItem = false }
            return !isInItem && (scalar == "!" || scalar == ":")
        } ?? field.endIndex
    }

    // MARK: What a field names

    private mutating func value(_ name: ArraySlice<Unicode.Scalar>) throws -> Value {
        let firstEnd = name.firstIndex { $0 == "." || $0 == "[" } ?? name.endIndex
        var value = try argument(String(scalars: name[..<firstEnd]))
        var rest = name[firstEnd...]
        while let mark = rest.first {
            rest = rest.dropFirst()
            if mark == "." {
                let end = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
                value = try interpreter.attribute(String(scalars: rest[..<end]), of: value)
                rest = rest[end...]
            } else {
                guard mark == "[", let end = rest.firstIndex(of: "]") else {
                    throw JinjaError("an item of the format is not closed")
                }
                let key = String(scalars: rest[..<end])
                value = try interpreter.item(Int(key).map(Value.integer) ?? .string(key), of: value)
                rest = rest[(end + 1)...]
            }
        }
        return value
    }

    private mutating func argument(_ name: String) throws -> Value {
        let index: Int
        if name.isEmpty {
            guard isNumbered != true else { throw JinjaError("the format has fields with numbers and fields without") }
            isNumbered = false
            index = automatic
            automatic += 1
        } else if let number = Int(name) {
            guard isNumbered != false else { throw JinjaError("the format has fields with numbers and fields without") }
            isNumbered = true
            index = number
        } else {
            try interpreter.budget.spend(1 + arguments.keyword.count)
            guard let value = arguments.keyword.first(where: { $0.name.isSame(name) })?.value else {
                throw JinjaError("format() gets no argument '\(name.prefix(40))'")
            }
            return value
        }
        guard arguments.positional.indices.contains(index) else {
            throw JinjaError("format() gets no argument \(index)")
        }
        return arguments.positional[index]
    }

    // MARK: How it is written

    private static func formatted(
        _ value: Value, _ specification: [Unicode.Scalar], _ interpreter: Interpreter
    ) throws -> String {
        if specification.isEmpty { return try interpreter.text(value) }
        var (field, conversion) = try parsed(specification)
        switch value {
        case .string(let text), .markup(let text):
            guard conversion == nil || conversion == "s", field.alignment != .inside else { break }
            let kept = field.precision.map { String(scalars: text.unicodeScalars.prefix($0)) } ?? text
            return field.padded(kept, .left)
        case .flag where conversion == nil: return field.padded(try interpreter.text(value), .left)
        case .integer, .flag:
            guard let number = value.wholeNumber else { break }
            switch conversion {
            case nil, "d", "n", "x", "X", "o", "b": return field.whole(number, conversion ?? "d")
            case "c":
                guard let scalar = UInt32(exactly: number).flatMap(Unicode.Scalar.init) else { break }
                return field.padded(String(scalar), .left)
            default: return try float(Double(number), field, conversion)
            }
        case .float(let number):
            if conversion == nil, field.precision == nil {
                let digits = number.magnitude.pythonDescription
                return field.number(digits, isNegative: number.sign == .minus && !number.isNaN)
            }
            if conversion == nil { field.precision = max(1, field.precision ?? 1) }
            return try float(number, field, conversion ?? "g")
        default: break
        }
        throw JinjaError(
            "a \(value.typeName) does not take the format '\(String(scalars: specification).quotedScalars)'")
    }

    private static func float(_ value: Double, _ field: FieldFormat, _ conversion: Unicode.Scalar?) throws -> String {
        guard let conversion, ["e", "E", "f", "F", "g", "G", "%"].contains(conversion) else {
            throw JinjaError("a number does not take such a format")
        }
        return field.float(value, conversion)
    }

    /// `[[fill]align][sign][#][0][width][,][.precision][type]`
    private static func parsed(_ scalars: [Unicode.Scalar]) throws -> (FieldFormat, Unicode.Scalar?) {
        var field = FieldFormat()
        var rest = scalars[...]
        if rest.count > 1, let alignment = FieldFormat.Alignment(rawValue: rest[1]) {
            field.fill = rest[0]
            field.alignment = alignment
            rest = rest.dropFirst(2)
        } else if let first = rest.first, let alignment = FieldFormat.Alignment(rawValue: first) {
            field.alignment = alignment
            rest = rest.dropFirst()
        }
        if let sign = rest.first, ["+", "-", " "].contains(sign) {
            field.sign = sign
            rest = rest.dropFirst()
        }
        if rest.first == "#" {
            field.isAlternate = true
            rest = rest.dropFirst()
        }
        if rest.first == "0" {
            if field.alignment == nil { (field.fill, field.alignment) = ("0", .inside) }
            rest = rest.dropFirst()
        }
        let width = rest.prefix(while: \.isASCIIDigit)
        if !width.isEmpty { field.width = try FieldFormat.number(width, limit: FieldFormat.Limits.width) }
        rest = rest[width.endIndex...]
        if let grouping = rest.first, grouping == "," || grouping == "_" {
            field.grouping = grouping
            rest = rest.dropFirst()
        }
        if rest.first == "." {
            let digits = rest.dropFirst().prefix(while: \.isASCIIDigit)
            field.precision = try FieldFormat.number(digits, limit: FieldFormat.Limits.precision)
            rest = rest[digits.endIndex...]
        }
        guard rest.count <= 1 else {
            throw JinjaError("the format '\(String(scalars: scalars).quotedScalars)' cannot be read")
        }
        return (field, rest.first)
    }
}
