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
