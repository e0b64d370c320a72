/// `str` and `repr` of values, as Python writes them.
struct ValueWriter {
    private(set) var text = ""
    private var namespaces = 0
    private var sortsKeys = false

    /// `str(value)`
    static func string(_ value: Value) throws -> String {
        switch value {
        case .string(let text), .markup(let text): return text
        case .undefined: return ""
        default:
            var writer = ValueWriter()
            try writer.write(value)
            return writer.text
        }
    }

    /// `repr(value)`; with `sortsKeys`, dicts are written as `pprint` orders them.
    static func representation(_ value: Value, sortsKeys: Bool = false) throws -> String {
        var writer = ValueWriter()
        writer.sortsKeys = sortsKeys
        try writer.write(value)
        return writer.text
    }

    private mutating func write(_ value: Value) throws {
        switch value {
        case .undefined: text += "Undefined"
        case .null: text += "None"
        case .flag(let value): text += value ? "True" : "False"
        case .integer(let value): text += String(value)
        case .float(let value): text += value.pythonDescription
        case .string(let string): writeQuoted(string)
        case .markup(let string):
            text += "Markup("
            writeQuoted(string)
            text += ")"
        case .list(let row): try write(row.elements, "[", "]")
        case .tuple(let row): try write(row.elements, "(", row.elements.count == 1 ? ",)" : ")")
        case .dict(let dict): try write(dict.members)
        case .range(let range):
            text += "range(\(range.start), \(range.stop)"
            text += range.step == 1 ? ")" : ", \(range.step))"
        case .view(let view):
            text += "\(value.typeName)("
            try write(view.elements(), "[", "]")
            text += ")"
        case .namespace(let namespace):
            guard namespaces < 8 else { throw JinjaError("a namespace that holds itself has no text", kind: .limit) }
            namespaces += 1
            text += "<Namespace "
            try write(namespace.members)
            text += ">"
            namespaces -= 1
        case .loop(let loop): text += "<LoopContext \(loop.index0 + 1)/\(try loop.count())>"
        case .macro(let macro):
            text += macro.definition.name.map { "<Macro '\($0)'>" } ?? "<Macro anonymous>"
        case .iterator, .method, .function, .cycler, .joiner: text += "<\(value.typeName) object>"
        }
        guard text.utf8.count <= Budget.Limits.textBytes else {
            throw JinjaError("a text of more than \(Budget.Limits.textBytes) bytes, the limit", kind: .limit)
        }
    }

    private mutating func write(_ elements: [Value], _ opening: String, _ closing: String) throws {
        text += opening
        for (index, element) in elements.enumerated() {
            if index > 0 { text += ", " }
            try write(element)
        }
        text += closing
    }

    private mutating func write(_ members: Dict.Members) throws {
        text += "{"
        var members = Array(members)
        if sortsKeys { try members.sort { try $0.key.value.isLess(than: $1.key.value) } }
        for (index, (key, value)) in members.enumerated() {
            if index > 0 { text += ", " }
            try write(key.value)
            text += ": "
            try write(value)
        }
        text += "}"
    }

    private mutating func writeQuoted(_ string: String) {
        let scalars = string.unicodeScalars
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        text.unicodeScalars.append(quote)
        for scalar in scalars {
            switch scalar {
            case quote, "\\":
                text += "\\"
                text.unicodeScalars.append(scalar)
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default:
                if scalar.isPythonPrintable { text.unicodeScalars.append(scalar) } else { text += scalar.pythonEscape }
            }
        }
        text.unicodeScalars.append(quote)
    }
}
