import Foundation
import LLMGen

/// The lines of a chat session: edited in a terminal, or as they come where there is none.
struct ChatLines {
    enum Entry {
        case line(String)
        /// Ctrl-C.
        case interrupt
        case end
    }

    private static let byteLimit = 16 << 20

    /// Whether a person edits the lines.
    private let isEdited: Bool
    private var stdin = InputBytes()
    private var decoder = KeyDecoder()
    private var buffer = LineBuffer()

    init(isEdited: Bool) { self.isEdited = isEdited }

    /// The next line. - Throws: ``LLMGenError`` `invalidInput` for one that is no UTF-8 or longer than 16 MiB.
    mutating func next(prompt: String) throws(LLMGenError) -> Entry {
        guard isEdited else { return try plain() }
        Terminal.enter(.editing)
        defer { Terminal.enter(.answering) }
        Terminal.write(buffer.drawn(prompt: prompt, columns: Terminal.columns))
        while let byte = stdin.next() {
            // One key a byte at most, but for a damaged character.
            for key in decoder.take(byte) {
                switch buffer.apply(key) {
                case .edited:
                    if key == .redraw { Terminal.write("\u{1B}[H\u{1B}[2J") }
                case .entered(let line):
                    Terminal.write("\r\(prompt)\(line)\u{1B}[K\n")
                    return .line(line)
                case .interrupted:
                    Terminal.write("^C\n")
                    return .interrupt
                case .ended:
                    Terminal.write("\n")
                    return .end
                }
            }
            if !stdin.hasMore { Terminal.write(buffer.drawn(prompt: prompt, columns: Terminal.columns)) }
        }
        return .end
    }

    private mutating func plain() throws(LLMGenError) -> Entry {
        var bytes: [UInt8] = []
        var isWhole = false
        while !isWhole, let byte = stdin.next() {
            isWhole = byte == UInt8(ascii: "\n")
            if !isWhole { bytes.append(byte) }
            guard bytes.count <= Self.byteLimit else {
                throw LLMGenError(
                    code: .failed, message: "a line of more than \(Self.byteLimit) bytes, the limit; give shorter ones")
            }
        }
        guard isWhole || !bytes.isEmpty else { return .end }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let line = String(validating: bytes, as: UTF8.self) else {
            throw LLMGenError(code: .invalidInput, message: "the line is not UTF-8 text; convert it first")
        }
        return .line(line)
    }
}

/// Bytes of stdin, each as soon as it is there.
private struct InputBytes {
    private var bytes: [UInt8] = []
    private var position = 0

    /// Whether a byte can be had without waiting.
    var hasMore: Bool { position < bytes.count }

    /// The next byte; nil at the end.
    mutating func next() -> UInt8? {
        if !hasMore {
            var chunk = [UInt8](repeating: 0, count: 4096)
            var count = -1
            repeat { count = read(STDIN_FILENO, &chunk, chunk.count) } while count < 0 && errno == EINTR
            guard count > 0 else { return nil }
            bytes = Array(chunk[..<count])
            position = 0
        }
        position += 1
        return bytes[position - 1]
    }
}
