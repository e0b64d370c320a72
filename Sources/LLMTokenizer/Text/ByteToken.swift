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
