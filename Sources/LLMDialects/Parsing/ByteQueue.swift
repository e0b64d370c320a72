/// Bytes that came and are not told apart yet, by their place from the first.
struct ByteQueue: Sendable {
    private var bytes: [UInt8] = []
    private var head = 0

    var count: Int { bytes.count - head }
    var isEmpty: Bool { bytes.count == head }

    subscript(index: Int) -> UInt8 { bytes[head + index] }

    func slice(_ range: Range<Int>) -> ArraySlice<UInt8> { bytes[head + range.lowerBound..<head + range.upperBound] }

    mutating func append(_ more: some Sequence<UInt8>) { bytes += more }

    /// Removes the first `count` bytes.
    mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(bytes[head..<head + count])
        head += count
        if head >= 4096 && head * 2 >= bytes.count {
            bytes.removeFirst(head)
            head = 0
        }
        return taken
    }

    /// What a look at the bytes says.
    enum Match: Equatable {
        case no
        /// What is there may go on to match.
        case partial
        /// It matches up to `end`.
        case yes(end: Int)
    }

    func match(_ literal: [UInt8], at start: Int) -> Match {
        var index = 0
        while index < literal.count {
            if start + index >= count { return .partial }
            if self[start + index] != literal[index] { return .no }
            index += 1
        }
        return .yes(end: start + literal.count)
    }

    /// The end of the white space that begins at `start`, up to `limit` bytes of it.
    func skipSpace(from start: Int, limit: Int = 256) -> Int {
        var end = start
        while end < count, end - start < limit, self[end].isSpace { end += 1 }
        return end
    }
}

extension UInt8 {
    var isSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
    var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }
    var isLetter: Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= self || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self
    }
    /// Whether tools' names may have it. Names in other scripts are taken too.
    var isOfName: Bool {
        isLetter || isDigit || self >= 0x80 || self == UInt8(ascii: "_") || self == UInt8(ascii: "-")
            || self == UInt8(ascii: ".") || self == UInt8(ascii: "/") || self == UInt8(ascii: "$")
    }
}
