/// Finds the end of a JSON value, byte by byte. Control characters in texts, which models write, are let pass.
struct JSONScanner: Sendable {
    enum Status {
        /// The byte is part of the value or of the white space before it.
        case running
        /// The byte is the value's last.
        case complete
        /// The value ended before the byte.
        case completeBefore
        /// The byte cannot be there.
        case invalid
    }

    private enum Phase {
        case value, valueOrEnd, key, keyOrEnd, colon, after
        case string(isKey: Bool), escape(isKey: Bool), unicode(isKey: Bool, left: Int)
        case number
        case word(rest: ArraySlice<UInt8>)
    }

    private var phase = Phase.value
    /// Whether each open bracket is an object's.
    private var scopes: [Bool] = []
    private var token: [UInt8] = []

    private enum Limits {
        static let nesting = 64
        static let numberBytes = 400
    }

    /// Whether nothing but white space has come.
    var hasBegun: Bool {
        if case .value = phase, scopes.isEmpty { false } else { true }
    }

    mutating func consume(_ byte: UInt8) -> Status {
        switch phase {
        case .string(let isKey):
            if byte == UInt8(ascii: "\"") { return endString(isKey) }
            if byte == UInt8(ascii: "\\") { phase = .escape(isKey: isKey) }
            return .running
        case .escape(let isKey):
            if byte == UInt8(ascii: "u") {
                phase = .unicode(isKey: isKey, left: 4)
                return .running
            }
            phase = .string(isKey: isKey)
            return #""\/bfnrt"#.utf8.contains(byte) ? .running : .invalid
        case .unicode(let isKey, let left):
            phase = left == 1 ? .string(isKey: isKey) : .unicode(isKey: isKey, left: left - 1)
            return Character(Unicode.Scalar(byte)).isHexDigit ? .running : .invalid
        case .number:
            if byte.isDigit || "+-.eE".utf8.contains(byte) {
                token.append(byte)
                return token.count <= Limits.numberBytes ? .running : .invalid
            }
            guard JSONScanner.isNumber(token) else { return .invalid }
            phase = .after
            return scopes.isEmpty ? .completeBefore : consume(byte)
        case .word(let rest):
            guard let next = rest.first, byte == next else { return .invalid }
            phase = .word(rest: rest.dropFirst())
            return rest.count == 1 ? endValue() : .running
        default: break
        }
        if byte.isSpace { return .running }
        return structure(byte)
    }

    /// A byte between texts, numbers and words.
    private mutating func structure(_ byte: UInt8) -> Status {
        switch (phase, Unicode.Scalar(byte)) {
        case (.value, "{"), (.valueOrEnd, "{"): return open(isObject: true)
        case (.value, "["), (.valueOrEnd, "["): return open(isObject: false)
        case (.value, "\""), (.valueOrEnd, "\""): phase = .string(isKey: false)
        case (.value, "t"), (.valueOrEnd, "t"): phase = .word(rest: Array("rue".utf8)[...])
        case (.value, "f"), (.valueOrEnd, "f"): phase = .word(rest: Array("alse".utf8)[...])
        case (.value, "n"), (.valueOrEnd, "n"): phase = .word(rest: Array("ull".utf8)[...])
        case (.value, _) where byte.isDigit || byte == UInt8(ascii: "-"),
            (.valueOrEnd, _) where byte.isDigit || byte == UInt8(ascii: "-"):
            token = [byte]
            phase = .number
        case (.valueOrEnd, "]"): return close()
        case (.key, "\""), (.keyOrEnd, "\""): phase = .string(isKey: true)
        case (.keyOrEnd, "}"): return close()
        case (.colon, ":"): phase = .value
        case (.after, ","):
            guard let isObject = scopes.last else { return .invalid }
            phase = isObject ? .key : .value
        case (.after, "}"): return scopes.last == true ? close() : .invalid
        case (.after, "]"): return scopes.last == false ? close() : .invalid
        default: return .invalid
        }
        return .running
    }

    private mutating func open(isObject: Bool) -> Status {
        guard scopes.count < Limits.nesting else { return .invalid }
        scopes.append(isObject)
        phase = isObject ? .keyOrEnd : .valueOrEnd
        return .running
    }

    private mutating func close() -> Status {
        scopes.removeLast()
        return endValue()
    }

    private mutating func endString(_ isKey: Bool) -> Status {
        guard !isKey else {
            phase = .colon
            return .running
        }
        return endValue()
    }

    private mutating func endValue() -> Status {
        phase = .after
        return scopes.isEmpty ? .complete : .running
    }

    /// Whether `bytes` are a number of JSON.
    static func isNumber(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        func digits(_ rest: inout ArraySlice<UInt8>) -> Int {
            let count = rest.prefix { $0.isDigit }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let hasLeadingZero = rest.first == UInt8(ascii: "0")
        let whole = digits(&rest)
        guard whole > 0, whole == 1 || !hasLeadingZero else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits(&rest) > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits(&rest) > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// Whether `bytes` are one value and nothing else.
    static func isWhole(_ bytes: [UInt8]) -> Bool {
        var scanner = JSONScanner()
        for (index, byte) in bytes.enumerated() {
            switch scanner.consume(byte) {
            case .running: continue
            case .complete: return bytes[(index + 1)...].allSatisfy(\.isSpace)
            case .completeBefore: return bytes[index...].allSatisfy(\.isSpace)
            case .invalid: return false
            }
        }
        if case .number = scanner.phase { return scanner.scopes.isEmpty && isNumber(scanner.token) }
        return false
    }
}
