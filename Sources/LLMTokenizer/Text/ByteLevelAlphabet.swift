/// GPT-2's spelling of bytes as visible characters: printable Latin-1 stands for itself, the rest for U+0100 and on.
enum ByteLevelAlphabet {
    /// By byte: its character.
    static let characters: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0...255).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(UInt8(byte))
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? "\u{FFFD}"
            }
        }
    }()

    /// By byte: the UTF-8 of its character.
    static let spellings: [[UInt8]] = characters.map { Array(String($0).utf8) }

    /// By the value of a character: the byte, or -1.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, character) in characters.enumerated() { bytes[Int(character.value)] = Int16(byte) }
        return bytes
    }()

    /// Appends the bytes that the UTF-8 text `spelled` spells; false where a character spells none.
    static func append(_ spelled: ArraySlice<UInt8>, to output: inout [UInt8]) -> Bool {
        var position = spelled.startIndex
        while position < spelled.endIndex {
            var value = Int(spelled[position])
            if value >= 0x80 {
                guard value < 0xE0, position + 1 < spelled.endIndex else { return false }
                position += 1
                value = (value & 0x1F) << 6 | Int(spelled[position] & 0x3F)
            }
            guard value < bytes.count, bytes[value] >= 0 else { return false }
            output.append(UInt8(bytes[value]))
            position += 1
        }
        return true
    }
}
