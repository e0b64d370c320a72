/// Byte pieces in a row, on their way to becoming characters.
///
/// A character is given out as soon as its last byte is there, a byte that can belong to no character as U+FFFD as
/// soon as that is certain. At most three bytes wait.
struct ByteRun: Sendable {
    private let invalidBytes: DecodingRules.InvalidBytes
    private var bytes: [UInt8] = []
    /// How many of the waiting bytes came with the prompt, whose own text shows them as U+FFFD already.
    private var fromPrompt = 0

    init(_ invalidBytes: DecodingRules.InvalidBytes) { self.invalidBytes = invalidBytes }

    /// Whether bytes wait that will be text, whatever follows: a character, or replacements.
    var isWaiting: Bool { !bytes.isEmpty }

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
            case .unfinished(let length), .invalid(let length):
                let length = invalidBytes == .eachByte ? 1 : length
                if fromPrompt == 0 { text += "\u{FFFD}" }
                fromPrompt = max(0, fromPrompt - length)
                bytes.removeFirst(length)
            }
        }
    }
}

/// What a byte sequence begins with.
private enum UTF8Prefix {
    case character(length: Int)
    case unfinished(length: Int)
    /// The length is that of what could have begun a character, at least 1.
    case invalid(length: Int)

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
            self = .invalid(length: 1)
            return
        }
        var sound = 1
        while sound < length, sound < bytes.count {
            guard (sound == 1 ? second : 0x80...0xBF).contains(bytes[sound]) else {
                self = .invalid(length: sound)
                return
            }
            sound += 1
        }
        self = sound == length ? .character(length: length) : .unfinished(length: sound)
    }
}
