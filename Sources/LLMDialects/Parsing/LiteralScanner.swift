/// Reads arguments with literals, as far as the bytes that came allow, and writes them as JSON.
struct LiteralScanner: ArgumentScanner {
    private enum Phase {
        case key, assign, value, after
        case string(Closing, isKey: Bool)
    }

    private enum Closing {
        /// Quotes of Python, one or three.
        case quote(UInt8, count: Int)
        case mark
    }

    private struct Scope {
        var close: UInt8
        var isList: Bool
        var assignment: [UInt8]
        var isFirst = true
    }

    private let mark: [UInt8]?
    private let assignment: [UInt8]
    private var scopes: [Scope]
    private var phase = Phase.key
    /// JSON that is not taken yet.
    private(set) var output: [UInt8] = []

    private enum Limits {
        static let nesting = 64
        static let tokenBytes = 400
    }

    init(_ format: LiteralArguments) {
        mark = format.quote.map { Array($0.utf8) }
        assignment = Array(format.assignment.utf8)
        scopes = [Scope(close: format.close.utf8.first!, isList: false, assignment: assignment)]
        output = [UInt8(ascii: "{")]
    }

    /// A scanner of one value.
    private init(ofValue: Void) {
        mark = nil
        assignment = []
        scopes = []
        phase = .value
    }

    /// A literal of Python as JSON; nil where it is none.
    static func json(of bytes: [UInt8]) -> [UInt8]? {
        var scanner = LiteralScanner(ofValue: ())
        var queue = ByteQueue()
        queue.append(bytes)
        var end = 0
        guard scanner.scan(queue, from: &end, isFinal: true) == .complete, end == bytes.count else { return nil }
        return scanner.output
    }

    mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    mutating func drop(_ count: Int) {}

    mutating func scan(_ bytes: ByteQueue, from position: inout Int, isFinal: Bool) -> ArgumentStatus {
        while true {
            if case .string(let closing, let isKey) = phase {
                guard string(bytes, &position, closing, isKey: isKey, isFinal) else { return .waiting }
            } else {
                while position < bytes.count, bytes[position].isSpace { position += 1 }
                guard position < bytes.count else { return .waiting }
                switch token(bytes, &position, isFinal) {
                case .waiting?: return .waiting
                case .invalid?: return .invalid
                default: break
                }
            }
            if scopes.isEmpty, case .after = phase { return .complete }
        }
    }

    /// Reads one token; nil where it is read.
    private mutating func token(_ bytes: ByteQueue, _ position: inout Int, _ isFinal: Bool) -> ArgumentStatus? {
        let byte = bytes[position]
        switch phase {
        case .key:
            if byte == scopes[scopes.count - 1].close { return close(&position) }
            if let status = quote(bytes, &position, isKey: true, isFinal) { return status == .complete ? nil : status }
            let end = run(bytes, position) { $0.isOfName && $0 != UInt8(ascii: "/") }
            if end == bytes.count { return .waiting }
            guard end > position, end - position <= Limits.tokenBytes else { return .invalid }
            begin()
            output += JSONBytes.quoted(bytes.slice(position..<end))
            position = end
            phase = .assign
        case .assign:
            let wanted = scopes[scopes.count - 1].assignment
            switch bytes.match(wanted, at: position) {
            case .yes(let end): position = end
            case .partial: return .waiting
            case .no: return .invalid
            }
            output.append(UInt8(ascii: ":"))
            phase = .value
        case .value: return value(bytes, &position, isFinal)
        case .after:
            guard let scope = scopes.last else { return .invalid }
            if byte == scope.close { return close(&position) }
            guard byte == UInt8(ascii: ",") else { return .invalid }
            position += 1
            phase = scope.isList ? .value : .key
        case .string: return .invalid
        }
        return nil
    }

    private mutating func value(_ bytes: ByteQueue, _ position: inout Int, _ isFinal: Bool) -> ArgumentStatus? {
        let byte = bytes[position]
        if let scope = scopes.last, scope.isList, byte == scope.close { return close(&position) }
        switch Unicode.Scalar(byte) {
        case "[": return open("]", isList: true, &position)
        case "(" where mark == nil: return open(")", isList: true, &position)
        case "{": return open("}", isList: false, &position)
        default: break
        }
        if let status = quote(bytes, &position, isKey: false, isFinal) { return status == .complete ? nil : status }
        let end = run(bytes, position) {
            $0.isLetter || $0.isDigit || "+-._".utf8.contains($0)
        }
        guard end > position, end - position <= Limits.tokenBytes else { return .invalid }
        if end == bytes.count, !isFinal { return .waiting }
        // At the end of the text a value that may go on is taken only where it stands alone.
        if end == bytes.count, !scopes.isEmpty { return .waiting }
        guard let json = LiteralScanner.scalar(Array(bytes.slice(position..<end))) else { return .invalid }
        begin()
        output += json
        position = end
        phase = .after
        return nil
    }

    /// A number or a word as JSON.
    private static func scalar(_ bytes: [UInt8]) -> [UInt8]? {
        switch String(decoding: bytes, as: UTF8.self) {
        case "True", "true": return Array("true".utf8)
        case "False", "false": return Array("false".utf8)
        case "None", "null": return Array("null".utf8)
        default: break
        }
        let plain = bytes.filter { $0 != UInt8(ascii: "_") }
        if JSONScanner.isNumber(plain) { return plain }
        guard plain.allSatisfy({ !$0.isLetter || $0 | 0x20 == UInt8(ascii: "e") }),
            let number = Double(String(decoding: plain, as: UTF8.self)), number.isFinite
        else { return nil }
        return Array(number.description.utf8)
    }

    // MARK: Brackets

    /// What stands before an item.
    private mutating func begin() {
        guard !scopes.isEmpty else { return }
        if scopes[scopes.count - 1].isFirst {
            scopes[scopes.count - 1].isFirst = false
        } else if case .value = phase, !scopes[scopes.count - 1].isList {
            // A member's value, whose key has the comma.
        } else {
            output.append(UInt8(ascii: ","))
        }
    }

    private mutating func open(_ close: Unicode.Scalar, isList: Bool, _ position: inout Int) -> ArgumentStatus? {
        guard scopes.count < Limits.nesting else { return .invalid }
        begin()
        let colon = mark == nil ? [UInt8(ascii: ":")] : assignment
        scopes.append(Scope(close: UInt8(ascii: close), isList: isList, assignment: colon))
        output.append(isList ? UInt8(ascii: "[") : UInt8(ascii: "{"))
        position += 1
        phase = isList ? .value : .key
        return nil
    }

    private mutating func close(_ position: inout Int) -> ArgumentStatus? {
        let scope = scopes.removeLast()
        output.append(scope.isList ? UInt8(ascii: "]") : UInt8(ascii: "}"))
        position += 1
        phase = .after
        return nil
    }

    // MARK: Texts

    /// Begins a text; nil where there is none.
    private mutating func quote(
        _ bytes: ByteQueue, _ position: inout Int, isKey: Bool, _ isFinal: Bool
    ) -> ArgumentStatus? {
        var closing = Closing.mark
        if let mark {
            switch bytes.match(mark, at: position) {
            case .no: return nil
            case .partial: return isFinal ? nil : .waiting
            case .yes(let end): position = end
            }
        } else {
            let byte = bytes[position]
            guard byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") else { return nil }
            // Three quotes open a long text, two are an empty one.
            let three = bytes.match([byte, byte, byte], at: position)
            if three == .partial, !isFinal { return .waiting }
            let count = if case .yes = three { 3 } else { 1 }
            closing = .quote(byte, count: count)
            position += count
        }
        begin()
        output.append(UInt8(ascii: "\""))
        phase = .string(closing, isKey: isKey)
        return .complete
    }

    /// Reads on in a text; false where more must come.
    private mutating func string(
        _ bytes: ByteQueue, _ position: inout Int, _ closing: Closing, isKey: Bool, _ isFinal: Bool
    ) -> Bool {
        while position < bytes.count {
            let byte = bytes[position]
            let (wanted, isMark): ([UInt8], Bool) =
                switch closing {
                case .mark: (mark ?? [], true)
                case .quote(let quote, let count): (Array(repeating: quote, count: count), false)
                }
            if byte == wanted[0] {
                switch bytes.match(wanted, at: position) {
                case .partial: return false
                case .yes(let end):
                    if let isEnd = isMark ? true : endsText(bytes, end, isFinal) {
                        if isEnd {
                            position = end
                            output.append(UInt8(ascii: "\""))
                            phase = isKey ? .assign : .after
                            return true
                        }
                    } else {
                        return false
                    }
                case .no: break
                }
            }
            if !isMark, byte == UInt8(ascii: "\\") {
                guard escape(bytes, &position) else { return false }
                continue
            }
            JSONBytes.append(byte, to: &output)
            position += 1
        }
        return false
    }

    /// Whether a quote ends the text: what follows can only follow a text. Some templates write texts with quotes without
    /// escapes. Nil where more must come.
    private func endsText(_ bytes: ByteQueue, _ position: Int, _ isFinal: Bool) -> Bool? {
        let next = bytes.skipSpace(from: position)
        if next == bytes.count { return isFinal ? true : nil }
        return ",)]}:".utf8.contains(bytes[next])
    }

    /// Reads an escape; false where more must come.
    private mutating func escape(_ bytes: ByteQueue, _ position: inout Int) -> Bool {
        guard position + 1 < bytes.count else { return false }
        let byte = bytes[position + 1]
        let digits =
            switch Unicode.Scalar(byte) {
            case "x": 2
            case "u": 4
            case "U": 8
            default: 0
            }
        if digits > 0 {
            guard position + 2 + digits <= bytes.count else { return false }
            let text = String(decoding: bytes.slice(position + 2..<position + 2 + digits), as: UTF8.self)
            let isHex = text.utf8.count == digits && text.allSatisfy(\.isHexDigit)
            if isHex, digits == 4 {
                output += "\\u\(text)".utf8
                position += 6
                return true
            }
            if isHex, let code = UInt32(text, radix: 16), let scalar = Unicode.Scalar(code) {
                output += JSONBytes.escaped(String(Character(scalar)).utf8)
                position += 2 + digits
                return true
            }
        }
        switch Unicode.Scalar(byte) {
        case "n": output += "\\n".utf8
        case "t": output += "\\t".utf8
        case "r": output += "\\r".utf8
        case "b": output += "\\b".utf8
        case "f": output += "\\f".utf8
        case "\\", "'", "\"", "/": JSONBytes.append(byte, to: &output)
        case "\n": break
        default:
            JSONBytes.append(UInt8(ascii: "\\"), to: &output)
            position += 1
            return true
        }
        position += 2
        return true
    }

    private func run(_ bytes: ByteQueue, _ start: Int, while isTaken: (UInt8) -> Bool) -> Int {
        var end = start
        while end < bytes.count, end - start <= Limits.tokenBytes, isTaken(bytes[end]) { end += 1 }
        return end
    }
}
