/// Byte pieces in a row, on their way to becoming characters.
///
/// A character is given out as soon as its last byte is there, a byte that can belong to no character as U+FFFD as
/// soon as that is certain. At most three bytes wait.
struct ByteRun: Sendable {
    private var bytes: [UInt8] = []
    /// How many of the waiting bytes came with the prompt, whose own text shows them as U+FFFD already.
    private var fromPrompt = 0

    /// Adds a byte and appends to `text` what has become certain.
    mutating func append(_ byte: UInt8, to text: inout String) {
        bytes.append(byte)
        settle(isComplete: false, into: &text)
    }

    /// Ends the run: what still waits is no character.
    mutating func end(into text: inout String) {
        settle(isComplete: true, into: &text)
    }

    /// Marks the waiting bytes as the prompt's.
    mutating func closePrompt() {
        fromPrompt = bytes.count
    }

    private mutating func settle(isComplete: Bool, into text: inout String) {
        while !bytes.isEmpty {
            switch UTF8Prefix(bytes) {
            case .character(let length):
                text += String(decoding: bytes.prefix(length), as: UTF8.self)
                bytes.removeFirst(length)
                fromPrompt = max(0, fromPrompt - length)
            case .unfinished where !isComplete:
                return
            case .unfinished, .invalid:
                if fromPrompt > 0 { fromPrompt -= 1 } else { text += "\u{FFFD}" }
                bytes.removeFirst()
            }
        }
    }
}

/// What a byte sequence begins with.
private enum UTF8Prefix {
    case character(length: Int)
    case unfinished
    case invalid

    /// Follows table 3-7 of the Unicode standard: shortest forms only, no surrogates, nothing past U+10FFFF.
    init(_ bytes: [UInt8]) {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[0] {
        case 0x00...0x7F: length = 1
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default:
            self = .invalid
            return
        }
        let trail = bytes.dropFirst().prefix(length - 1)
        guard trail.first.map(second.contains) ?? true, trail.dropFirst().allSatisfy({ 0x80...0xBF ~= $0 }) else {
            self = .invalid
            return
        }
        self = trail.count == length - 1 ? .character(length: length) : .unfinished
    }
}
