internal import LLMJSON

/// Reads JSON and writes it as Python's `json.dumps` does, characters outside of ASCII as they are, numbers as they were.
enum Instance {
    static func text(_ reader: inout JSONReader) throws(JSONError) -> [UInt8] {
        var text: [UInt8] = []
        try write(&reader, to: &text)
        return text
    }

    private static func write(_ reader: inout JSONReader, to text: inout [UInt8]) throws(JSONError) {
        switch try reader.kind() {
        case .object:
            try reader.beginObject()
            text.append(UInt8(ascii: "{"))
            var isFirst = true
            var name: [UInt8] = []
            while try reader.nextName(appendingTo: &name) {
                if !isFirst { text += ", ".utf8 }
                isFirst = false
                write(name, to: &text)
                text += ": ".utf8
                try write(&reader, to: &text)
                name = []
            }
            text.append(UInt8(ascii: "}"))
        case .array:
            try reader.beginArray()
            text.append(UInt8(ascii: "["))
            var isFirst = true
            while try reader.nextElement() {
                if !isFirst { text += ", ".utf8 }
                isFirst = false
                try write(&reader, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .string:
            var value: [UInt8] = []
            try reader.string(appendingTo: &value)
            write(value, to: &text)
        case .number: text += try reader.numberText().utf8
        case .word(let word):
            try reader.skipValue()
            var writer = JSONWriter()
            writer.value(word)
            text += writer.bytes
        }
    }

    private static func write(_ string: [UInt8], to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in string {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0x08: text += "\\b".utf8
            case 0x09: text += "\\t".utf8
            case 0x0A: text += "\\n".utf8
            case 0x0C: text += "\\f".utf8
            case 0x0D: text += "\\r".utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                text += ("\\u00" + (digits.count == 1 ? "0" : "") + digits).utf8
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
