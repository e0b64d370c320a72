/// The spelling of tokens that stand for one byte, `<0x00>` to `<0xFF>`.
enum ByteToken {
    static func spelling(_ byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16, uppercase: true)
        return Array("<0x\(digits.count == 1 ? "0" : "")\(digits)>".utf8)
    }

    /// The byte that `token` stands for, or nil.
    static func byte(_ token: some Collection<UInt8>) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token.dropFirst(5).first == UInt8(ascii: ">") else {
            return nil
        }
        let digits = token.dropFirst(3).prefix(2)
        guard digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }) else { return nil }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}

/// Steps through well-formed UTF-8.
enum UTF8Text {
    /// The length of the character that begins with `lead`.
    static func length(_ lead: UInt8) -> Int { lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4 }

    /// The scalar that begins at `position`, and its length.
    static func scalar(_ text: [UInt8], at position: Int) -> (Unicode.Scalar, length: Int) {
        let lead = text[position]
        if lead < 0x80 { return (Unicode.Scalar(lead), 1) }
        let length = length(lead)
        var value = UInt32(lead) & (0x7F >> UInt32(length))
        for byte in text[position + 1..<position + length] { value = value << 6 | UInt32(byte & 0x3F) }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
    }
}
