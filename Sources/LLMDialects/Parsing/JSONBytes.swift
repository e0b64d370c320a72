import LLMJSON

/// Texts as JSON has them, byte by byte: bytes that are no UTF-8 stay as they are.
enum JSONBytes {
    /// The inside of a text.
    static func escaped(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var escaped: [UInt8] = []
        for byte in bytes { append(byte, to: &escaped) }
        return escaped
    }

    static func quoted(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        [UInt8(ascii: "\"")] + escaped(bytes) + [UInt8(ascii: "\"")]
    }

    static func append(_ byte: UInt8, to escaped: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): escaped += [UInt8(ascii: "\\"), byte]
        case UInt8(ascii: "\n"): escaped += "\\n".utf8
        case UInt8(ascii: "\r"): escaped += "\\r".utf8
        case UInt8(ascii: "\t"): escaped += "\\t".utf8
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            escaped += "\\u00".utf8
            escaped += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: escaped.append(byte)
        }
    }

    /// The text of a JSON string with its quotes; nil where it is none.
    static func unquoted(_ bytes: [UInt8]) -> String? {
        guard case .string(let text)? = try? JSONValue(bytes, takesAnyText: true) else { return nil }
        return text
    }
}
