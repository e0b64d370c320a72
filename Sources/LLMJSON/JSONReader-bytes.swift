extension JSONReader {
    /// The length of the whole text.
    package var byteCount: Int { bytes.count }

    /// Appends the bytes of the next member's name, its value being next to read; false at the end of the object.
    ///
    /// For objects with very many names, such as vocabularies: a name may be any text at all, and that none comes
    /// twice is for the caller to check, byte by byte.
    package mutating func nextName(appendingTo names: inout [UInt8]) throws(JSONError) -> Bool {
        guard try nextItem(closing: "}") else { return false }
        try string(appendingTo: &names)
        try expect(":")
        return true
    }

    /// Appends the UTF-8 of the next value, a string of whatever characters.
    package mutating func string(appendingTo text: inout [UInt8]) throws(JSONError) {
        try expect("\"")
        let start = text.count
        var isASCII = true
        while true {
            let end = endOfRun(&isASCII)
            text += bytes[position..<end]
            position = end
            guard let byte = next else { throw failure("a string without its closing quote") }
            guard byte >= 0x20 else { throw failure("a raw control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\"") { break }
            let character = try escape()
            text += character.utf8
        }
        guard isASCII || String(validating: text[start...], as: UTF8.self) != nil else {
            throw failure("a string that is not valid UTF-8")
        }
    }

    /// Where the characters end that stand for themselves.
    private func endOfRun(_ isASCII: inout Bool) -> Int {
        let bytes = bytes.span
        var end = position
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            if byte >= 0x80 { isASCII = false }
            end += 1
        }
        return end
    }
}
