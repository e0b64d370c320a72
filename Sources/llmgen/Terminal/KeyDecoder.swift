/// What a terminal's user pressed.
package enum Key: Hashable {
    case text(String)
    /// Text that was pasted, line breaks in it too.
    case paste(String)
    case enter, interrupt, end
    case backspace, delete, killWord, killToStart, killToEnd
    case left, right, wordLeft, wordRight, lineStart, lineEnd
    case older, newer
    case redraw
}

/// Turns the bytes of a terminal in raw mode into keys: UTF-8, the control keys that Emacs and shells share, the escape
/// sequences of xterm (ECMA-48, bracketed paste), one byte at a time.
package struct KeyDecoder {
    private enum State {
        case ground
        /// Within a character that has so many bytes.
        case character([UInt8], length: Int)
        case escape
        /// After `ESC O`.
        case application
        /// After `ESC [`.
        case sequence([UInt8])
        case paste([UInt8])
    }

    private static let pasteEnd = Array("\u{1B}[201~".utf8)
    private static let sequenceLimit = 32
    private static let pasteLimit = 1 << 20

    private var state = State.ground

    package init() {}

    /// The keys that `byte` completes.
    package mutating func take(_ byte: UInt8) -> [Key] {
        switch state {
        case .ground: return ground(byte)
        case .character(var bytes, let length):
            guard byte & 0xC0 == 0x80 else {
                state = .ground
                return [.text("\u{FFFD}")] + ground(byte)
            }
            bytes.append(byte)
            state = bytes.count < length ? .character(bytes, length: length) : .ground
            return bytes.count < length ? [] : [.text(String(decoding: bytes, as: UTF8.self))]
        case .escape:
            state = .ground
            switch Unicode.Scalar(byte) {
            case "[": state = .sequence([])
            case "O": state = .application
            case "b": return [.wordLeft]
            case "f": return [.wordRight]
            case "\u{7F}", "\u{8}": return [.killWord]
            case "\u{1B}": state = .escape
            default: break
            }
            return []
        case .application:
            state = .ground
            return Self.cursorKey(byte, modified: false)
        case .sequence(var bytes):
            guard 0x40...0x7E ~= byte else {
                bytes.append(byte)
                state = bytes.count < Self.sequenceLimit && byte >= 0x20 ? .sequence(bytes) : .ground
                return []
            }
            state = .ground
            return sequence(String(decoding: bytes, as: UTF8.self), byte)
        case .paste(var bytes):
            state = .ground
            bytes.append(byte)
            if bytes.suffix(Self.pasteEnd.count) == Self.pasteEnd[...] {
                return [.paste(Self.shown(bytes.dropLast(Self.pasteEnd.count)))]
            }
            // What is longer comes in parts.
            let isPart = bytes.count >= Self.pasteLimit && byte < 0x80 && byte != Self.pasteEnd[0]
            state = .paste(isPart ? [] : bytes)
            return isPart ? [.paste(Self.shown(bytes[...]))] : []
        }
    }

    private mutating func ground(_ byte: UInt8) -> [Key] {
        switch byte {
        case 0x0A, 0x0D: return [.enter]
        case 0x01: return [.lineStart]
        case 0x02: return [.left]
        case 0x03: return [.interrupt]
        case 0x04: return [.end]
        case 0x05: return [.lineEnd]
        case 0x06: return [.right]
        case 0x08, 0x7F: return [.backspace]
        case 0x0B: return [.killToEnd]
        case 0x0C: return [.redraw]
        case 0x0E: return [.newer]
        case 0x10: return [.older]
        case 0x15: return [.killToStart]
        case 0x17: return [.killWord]
        case 0x1B: state = .escape
        case 0x20...0x7E: return [.text(String(Unicode.Scalar(byte)))]
        case 0xC2...0xDF: state = .character([byte], length: 2)
        case 0xE0...0xEF: state = .character([byte], length: 3)
        case 0xF0...0xF4: state = .character([byte], length: 4)
        case 0x80...: return [.text("\u{FFFD}")]
        default: break
        }
        return []
    }

    private mutating func sequence(_ parameters: String, _ final: UInt8) -> [Key] {
        guard final == UInt8(ascii: "~") else { return Self.cursorKey(final, modified: parameters.contains(";")) }
        switch parameters.prefix(while: { $0 != ";" }) {
        case "1", "7": return [.lineStart]
        case "3": return [.delete]
        case "4", "8": return [.lineEnd]
        case "200": state = .paste([])
        default: break
        }
        return []
    }

    private static func cursorKey(_ final: UInt8, modified: Bool) -> [Key] {
        switch Unicode.Scalar(final) {
        case "A": [.older]
        case "B": [.newer]
        case "C": [modified ? .wordRight : .right]
        case "D": [modified ? .wordLeft : .left]
        case "F": [.lineEnd]
        case "H": [.lineStart]
        default: []
        }
    }

    /// Pasted bytes as text: lines end as everywhere else, and no control reaches the terminal.
    private static func shown(_ bytes: ArraySlice<UInt8>) -> String {
        let text = String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter {
                    $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control
                }))
    }
}
