/// Reads a call that is a JSON object, byte by byte: the tool's name, an id, and which bytes are the arguments.
struct WrappedScanner: Sendable {
    enum Status {
        case running, complete, invalid
    }

    private enum Phase {
        case open, keyOrEnd, key, colon, value, after
    }

    private enum Role {
        case name, arguments, id, other
    }

    private let format: WrappedCall
    /// Whether a member of another name says that this is no call.
    private let isStrict: Bool
    private var phase = Phase.open
    private var scanner = JSONScanner()
    private var role = Role.other
    private var token: [UInt8] = []

    private(set) var name: String?
    private(set) var id: String?
    /// Bytes of the arguments that nobody has taken yet.
    private var arguments: [UInt8] = []
    private var hasArguments = false

    private enum Limits {
        static let nameBytes = 1024
    }

    init(_ format: WrappedCall, isStrict: Bool) {
        self.format = format
        self.isStrict = isStrict
    }

    mutating func takeArguments() -> [UInt8] {
        defer { arguments = [] }
        return arguments
    }

    mutating func consume(_ byte: UInt8) -> Status {
        switch phase {
        case .value: return value(byte)
        case .key where !token.isEmpty: return key(byte)
        default: break
        }
        if byte.isSpace { return .running }
        switch (phase, Unicode.Scalar(byte)) {
        case (.open, "{"): phase = .keyOrEnd
        case (.key, "\""), (.keyOrEnd, "\""):
            phase = .key
            scanner = JSONScanner()
            return key(byte)
        case (.colon, ":"):
            phase = .value
            scanner = JSONScanner()
            token = []
        case (.after, ","):
            guard !format.nameKeys.isEmpty else { return .invalid }
            phase = .key
            token = []
        case (.after, "}"): return finish()
        default: return .invalid
        }
        return .running
    }

    private mutating func key(_ byte: UInt8) -> Status {
        token.append(byte)
        guard token.count <= Limits.nameBytes else { return .invalid }
        switch scanner.consume(byte) {
        case .running: return .running
        case .complete: break
        default: return .invalid
        }
        guard let key = JSONBytes.unquoted(token) else { return .invalid }
        phase = .colon
        if format.nameKeys.isEmpty {
            guard !key.isEmpty else { return .invalid }
            name = key
            role = .arguments
        } else if format.nameKeys.contains(key), name == nil {
            role = .name
        } else if format.argumentKeys.contains(key), !hasArguments {
            role = .arguments
        } else if key == format.idKey {
            role = .id
        } else {
            role = .other
            if isStrict, key != "type" { return .invalid }
        }
        return .running
    }

    private mutating func value(_ byte: UInt8) -> Status {
        if role != .other, !token.isEmpty || !byte.isSpace || role == .arguments && hasArguments { token.append(byte) }
        if role != .arguments, token.count > Limits.nameBytes { return .invalid }
        switch scanner.consume(byte) {
        case .running:
            if role == .arguments, isStreamed { moveArguments() }
            return .running
        case .complete:
            phase = .after
            return endValue() ? .running : .invalid
        case .completeBefore:
            if role != .other { token.removeLast() }
            phase = .after
            return endValue() ? consume(byte) : .invalid
        case .invalid:
            if role == .arguments {
                token.removeLast()
                moveArguments()
            }
            return .invalid
        }
    }

    /// Whether the arguments are given as they come: not a text that has them, nor null.
    private var isStreamed: Bool {
        hasArguments || token.first.map { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "n") } ?? false
    }

    private mutating func moveArguments() {
        hasArguments = hasArguments || !token.isEmpty
        arguments += token
        token = []
    }

    private mutating func endValue() -> Bool {
        switch role {
        case .name:
            guard let text = JSONBytes.unquoted(token), !text.isEmpty else { return false }
            name = text
        case .id: id = JSONBytes.unquoted(token) ?? String(decoding: token, as: UTF8.self)
        case .arguments:
            if !hasArguments {
                if let text = JSONBytes.unquoted(token) { token = Array(text.utf8) }
                if token == Array("null".utf8) || token.isEmpty { token = Array("{}".utf8) }
            }
            moveArguments()
        case .other: break
        }
        return true
    }

    private mutating func finish() -> Status {
        guard name != nil else { return .invalid }
        if !hasArguments {
            arguments += "{}".utf8
            hasArguments = true
        }
        return .complete
    }
}
