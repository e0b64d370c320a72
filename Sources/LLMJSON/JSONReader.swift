/// A strict reader of JSON (RFC 8259) that hands values over as it meets them and trusts nothing.
///
/// It builds no tree, does not recurse and limits nesting, so the memory it takes is within a small multiple of the
/// text. A name that appears twice in one object, text after the value, malformed UTF-8, lone surrogates and numbers
/// that are not whole where whole ones are asked for are errors, which say where they are. Names count as equal when
/// `String` says so, that is by Unicode's canonical equivalence. Names, and strings that may be compared, must be in
/// Unicode's Stream-Safe Text Format (UAX #15): `String` compares and hashes in time quadratic in a run of combining
/// marks. Those that are read as texts or as bytes may be any.
///
///     try reader.beginObject()
///     while let name = try reader.nextName() {
///         if name == "shape" { ... } else { try reader.skipValue() }
///     }
///     try reader.finish()
package struct JSONReader {
    static let nestingLimit = 64
    static let combiningMarkLimit = 30

    let bytes: [UInt8]
    private let part: String
    var position = 0
    private var scopes: [Scope] = []

    /// An object or array that has been entered.
    private struct Scope {
        let isObject: Bool
        var count = 0
        var name: String?
        var names: Set<String> = []
    }

    /// Whether the numbers that Python's `json` writes and JSON has not are read: `NaN`, `Infinity`, `-Infinity`.
    private let takesPythonNumbers: Bool

    /// A reader of `bytes`, which errors call `part`, such as "the header".
    package init(_ bytes: [UInt8], part: String, takesPythonNumbers: Bool = false) {
        self.bytes = bytes
        self.part = part
        self.takesPythonNumbers = takesPythonNumbers
    }

    // MARK: Objects and arrays

    package mutating func beginObject() throws(JSONError) { try begin("{", isObject: true) }

    /// The next member's name, its value being next to read; nil at the end of the object.
    package mutating func nextName() throws(JSONError) -> String? {
        guard try nextItem(closing: "}") else { return nil }
        let name = try string()
        guard scopes[scopes.count - 1].names.insert(name).inserted else {
            throw failure("the name \(name.quoted) appears twice")
        }
        scopes[scopes.count - 1].name = name
        try expect(":")
        return name
    }

    package mutating func beginArray() throws(JSONError) { try begin("[", isObject: false) }

    /// Whether there is another element, it being next to read; false at the end of the array.
    package mutating func nextElement() throws(JSONError) -> Bool { try nextItem(closing: "]") }

    /// Checks that nothing but white space is left.
    package mutating func finish() throws(JSONError) {
        skipSpace()
        if position < bytes.count { throw failure("\(found) after the end of the value") }
    }

    private mutating func begin(_ bracket: Unicode.Scalar, isObject: Bool) throws(JSONError) {
        try expect(bracket)
        guard scopes.count < Self.nestingLimit else {
            throw failure("brackets nest deeper than \(Self.nestingLimit)")
        }
        scopes.append(Scope(isObject: isObject))
    }

    mutating func nextItem(closing bracket: Unicode.Scalar) throws(JSONError) -> Bool {
        skipSpace()
        if next == UInt8(ascii: bracket) {
            position += 1
            scopes.removeLast()
            return false
        }
        if scopes[scopes.count - 1].count > 0 { try expect(",") }
        scopes[scopes.count - 1].count += 1
        return true
    }

    /// An object whose values are strings.
    package mutating func stringMap() throws(JSONError) -> [String: String] {
        var map: [String: String] = [:]
        try beginObject()
        while let name = try nextName() { map[name] = try string() }
        return map
    }

    // MARK: Values

    /// A number without sign, fraction or exponent that fits `Int`.
    package mutating func count() throws(JSONError) -> Int {
        skipSpace()
        if next == UInt8(ascii: "-") { throw failure("a negative number where 0 or more is needed") }
        guard let first = next, isDigit(first) else { throw failure("\(found) where a whole number is needed") }
        var value = 0
        let start = position
        while let digit = next, isDigit(digit) {
            let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowedToo) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            if overflowed || overflowedToo { throw failure("a number above the limit of \(Int.max)") }
            value = sum
            position += 1
        }
        if first == UInt8(ascii: "0") && position > start + 1 { throw failure("a number with a leading zero") }
        if let byte = next, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte) {
            throw failure("a number with a fraction or exponent where a whole number is needed")
        }
        return value
    }

    /// A string that may be compared and hashed.
    package mutating func string() throws(JSONError) -> String {
        let text = try text()
        guard Self.isStreamSafe(text) else {
            throw failure("a string with more than \(Self.combiningMarkLimit) combining marks in a row")
        }
        return text
    }

    /// A string of whatever characters, such as what a person has written. `==`, `hash(into:)` and `Set` may take
    /// quadratic time on it; compare its UTF-8.
    package mutating func text() throws(JSONError) -> String {
        try expect("\"")
        var start = position
        var unescaped: [UInt8] = []
        while true {
            guard let byte = next else { throw failure("a string without its closing quote") }
            guard byte >= 0x20 else { throw failure("a raw control character in a string") }
            if byte == UInt8(ascii: "\"") { break }
            position += 1
            if byte == UInt8(ascii: "\\") {
                unescaped += bytes[start..<position - 1]
                unescaped += try escape().utf8
                start = position
            }
        }
        let rest = bytes[start..<position]
        let text =
            unescaped.isEmpty
            ? String(validating: rest, as: UTF8.self)
            : String(validating: unescaped + rest, as: UTF8.self)
        guard let text else { throw failure("a string that is not valid UTF-8") }
        position += 1
        return text
    }

    private static func isStreamSafe(_ text: String) -> Bool {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return true }
        var marks = 0
        for scalar in text.unicodeScalars {
            marks = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
            if marks > combiningMarkLimit { return false }
        }
        return true
    }

    /// Reads over the next value, whatever it is.
    package mutating func skipValue() throws(JSONError) {
        let depth = scopes.count
        try skipScalarOrOpen()
        while scopes.count > depth {
            let isObject = scopes[scopes.count - 1].isObject
            let hasItem = isObject ? try nextName() != nil : try nextElement()
            if hasItem { try skipScalarOrOpen() }
        }
    }

    /// What kind of value comes next.
    package enum Kind {
        case object, array, string, number
        case word(JSONValue)
    }

    /// The kind of the next value, told by its first byte; the value is still to be read.
    package mutating func kind() throws(JSONError) -> Kind {
        skipSpace()
        return switch next.map(Unicode.Scalar.init) {
        case "{": .object
        case "[": .array
        case "\"": .string
        case "t": .word(.flag(true))
        case "f": .word(.flag(false))
        case "n": .word(.null)
        default: .number
        }
    }

    private mutating func skipScalarOrOpen() throws(JSONError) {
        skipSpace()
        switch next.map(Unicode.Scalar.init) {
        case "{": try beginObject()
        case "[": try beginArray()
        case "\"": _ = try text()
        case "t": try expectWord("true")
        case "f": try expectWord("false")
        case "n": try expectWord("null")
        default: try skipNumber()
        }
    }

    /// A number as the nearest double; one beyond the range of doubles is infinite.
    package mutating func number() throws(JSONError) -> Double {
        let text = try numberText()
        return Double(text) ?? .nan
    }

    /// A number as it is written.
    package mutating func numberText() throws(JSONError) -> String {
        skipSpace()
        let start = position
        try skipNumber()
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func skipNumber() throws(JSONError) {
        if next == UInt8(ascii: "-") { position += 1 }
        if takesPythonNumbers,
            let word = ["Infinity", "NaN"].first(where: { bytes[position...].starts(with: $0.utf8) })
        {
            position += word.utf8.count
            return
        }
        let startsWithZero = next == UInt8(ascii: "0")
        let digits = try skipDigits()
        if startsWithZero && digits > 1 { throw failure("a number with a leading zero") }
        if next == UInt8(ascii: ".") {
            position += 1
            _ = try skipDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            _ = try skipDigits()
        }
    }

    private mutating func skipDigits() throws(JSONError) -> Int {
        let start = position
        while let byte = next, isDigit(byte) { position += 1 }
        if position == start { throw failure("\(found) where a value is needed") }
        return position - start
    }

    // MARK: Escapes

    /// The character that an escape stands for; the backslash has been read.
    mutating func escape() throws(JSONError) -> String {
        guard let byte = next else { throw failure("a string that ends within an escape") }
        position += 1
        switch Unicode.Scalar(byte) {
        case "\"": return "\""
        case "\\": return "\\"
        case "/": return "/"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try unicodeEscape()
        default: throw failure("an unknown escape in a string")
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> String {
        let unit = try hexUnit()
        var units = [unit]
        if UTF16.isLeadSurrogate(unit), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            units.append(try hexUnit())
        }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw failure("a lone surrogate in a string")
        }
        return text
    }

    private mutating func hexUnit() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("a \\u escape without its four hexadecimal digits")
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    // MARK: Bytes

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// The next byte in words.
    private var found: String {
        guard let next else { return "the end of the text" }
        return 0x21...0x7E ~= next ? "'\(Unicode.Scalar(next))'" : "byte 0x\(String(next, radix: 16))"
    }

    private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    mutating func expect(_ scalar: Unicode.Scalar) throws(JSONError) {
        skipSpace()
        guard next == UInt8(ascii: scalar) else { throw failure("\(found) where '\(scalar)' is needed") }
        position += 1
    }

    private mutating func expectWord(_ word: String) throws(JSONError) {
        guard bytes[position...].starts(with: word.utf8) else { throw failure("\(found) where a value is needed") }
        position += word.utf8.count
    }

    // MARK: Errors

    /// `reason`, at the place reached, of which the outermost names are told.
    package func failure(_ reason: String) -> JSONError {
        let path = scopes.prefix(3).map { scope in
            scope.isObject ? scope.name.map { " \($0.quoted)" } ?? "" : "[\(max(scope.count - 1, 0))]"
        }
        return JSONError(message: "\(part)\(path.joined()) at byte \(position) of \(bytes.count): \(reason)")
    }
}
