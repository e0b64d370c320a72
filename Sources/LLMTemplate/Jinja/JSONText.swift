/// `json.dumps`, which `transformers` puts in place of Jinja2's own `tojson`.
struct JSONText {
    var escapesNonASCII = false
    /// What a level is indented by; nil for all on one line.
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
    private(set) var text = ""

    mutating func write(_ value: Value, level: Int = 0) throws {
        switch value {
        case .null: text += "null"
        case .flag(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .float(let value): text += Self.number(value)
        case .string(let string), .markup(let string): writeQuoted(string)
        case .list(let row), .tuple(let row):
            try write(row.elements, "[", "]", level) { json, element in try json.write(element, level: level + 1) }
        case .dict(let dict): try write(dict, level)
        default: throw JinjaError("tojson cannot write a \(value.typeName)")
        }
        try check()
    }

    private func check() throws {
        guard text.utf8.count <= Budget.Limits.textBytes else {
            throw JinjaError("a text of more than \(Budget.Limits.textBytes) bytes, the limit", kind: .limit)
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return value.pythonDescription
    }

    private mutating func write(_ dict: Dict, _ level: Int) throws {
        var members = Array(dict.members)
        if sortsKeys { try members.sort { try $0.key.value.isLess(than: $1.key.value) } }
        try write(members, "{", "}", level) { json, member in
            json.writeQuoted(try Self.key(member.key.value))
            json.text += json.keySeparator
            try json.write(member.value, level: level + 1)
        }
    }

    private static func key(_ value: Value) throws -> String {
        switch value {
        case .string(let text), .markup(let text): return text
        case .null: return "null"
        case .flag(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .float(let value): return number(value)
        default: throw JinjaError("tojson cannot write a \(value.typeName) as a key")
        }
    }

    private mutating func write<Element>(
        _ elements: [Element], _ opening: String, _ closing: String, _ level: Int,
        _ writeElement: (inout JSONText, Element) throws -> Void
    ) throws {
        text += opening
        for (index, element) in elements.enumerated() {
            if index > 0 { text += itemSeparator }
            try breakLine(level + 1)
            try writeElement(&self, element)
        }
        if !elements.isEmpty { try breakLine(level) }
        text += closing
    }

    private mutating func breakLine(_ level: Int) throws {
        guard let indent else { return }
        text += "\n"
        for _ in 0..<level {
            text += indent
            try check()
        }
    }

    private mutating func writeQuoted(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{C}": text += "\\f"
            default:
                if scalar.value < 0x20 || (escapesNonASCII && !scalar.isASCII)
                    || (escapesNonASCII && scalar == "\u{7F}")
                {
                    for unit in String(scalar).utf16 {
                        let digits = String(unit, radix: 16)
                        text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                    }
                } else {
                    text.unicodeScalars.append(scalar)
                }
            }
        }
        text += "\""
    }
}
