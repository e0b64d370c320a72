/// Reads arguments between tags, as far as the bytes that came allow, and writes them as JSON.
struct TaggedScanner: ArgumentScanner {
    private enum Phase {
        case between
        /// A value; its text is given as it comes.
        case text
        /// A value that is converted when it is whole.
        case value(isJSON: Bool, kinds: Set<ParameterTypes.Kind>?)
    }

    private let open: PieceMatcher
    private let close: [UInt8]
    private let markOpen: [UInt8]
    private let markClose: [UInt8]
    private let isPadded: Bool
    private let textKinds: [[UInt8]]
    private let hasKinds: Bool
    private let end: PieceMatcher
    /// What may follow a value's close, after white space.
    private let followers: [[UInt8]]
    private let types: ParameterTypes?

    private var phase = Phase.between
    private var isFirst = true
    private var skipsLineBreak = false
    /// Whether a mark may open the value's text, and what closes the value.
    private var mayBeMarked = false
    private var ending: [UInt8] = []
    /// Up to where a value has been looked through for its close.
    private var searched = 0
    /// JSON that is not taken yet.
    private var output: [UInt8] = []

    /// - Parameters:
    ///   - end: what closes the call.
    ///   - types: what the tool's schema says; nil for a tool that is not declared.
    init(_ format: TaggedArguments, end pieces: [Piece], types: ParameterTypes?) {
        open = PieceMatcher(format.open)
        close = Array(format.close.utf8)
        markOpen = Array((format.textMarks?.open ?? "").utf8)
        markClose = Array((format.textMarks?.close ?? "").utf8)
        isPadded = format.isPadded
        textKinds = format.textKinds.map { Array($0.utf8) }
        hasKinds = format.open.contains(.kind)
        end = PieceMatcher(pieces)
        followers = ([open.opening].compactMap(\.self) + pieces.flatMap(\.literals).map { Array($0.utf8) })
        self.types = types
    }

    mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    mutating func drop(_ count: Int) { searched = max(0, searched - count) }

    mutating func scan(_ bytes: ByteQueue, from position: inout Int, isFinal: Bool) -> ArgumentStatus {
        while true {
            switch phase {
            case .between:
                let start = bytes.skipSpace(from: position)
                var captures = Captures()
                let opening = open.match(bytes, at: start, isFinal: isFinal, captures: &captures)
                if case .yes(let next) = opening {
                    position = next
                    begin(captures)
                    searched = next
                    continue
                }
                var none = Captures()
                let ending = end.match(bytes, at: position, isFinal: isFinal, captures: &none)
                if case .yes = ending {
                    output += (isFirst ? "{}" : "}").utf8
                    return .complete
                }
                if opening == .partial || ending == .partial || isFinal { return .waiting }
                output += (isFirst ? "{}" : "}").utf8
                return .malformed
            case .text, .value:
                guard value(bytes, &position, isFinal) else { return .waiting }
            }
        }
    }

    private mutating func begin(_ captures: Captures) {
        output += (isFirst ? "{" : ",").utf8
        isFirst = false
        output += JSONBytes.quoted(captures.key) + [UInt8(ascii: ":")]
        skipsLineBreak = isPadded
        mayBeMarked = !markOpen.isEmpty
        ending = close
        let kinds = types?.kinds(of: String(decoding: captures.key, as: UTF8.self))
        if hasKinds ? textKinds.contains(captures.kind) : kinds == [.string] {
            beginText()
        } else {
            phase = .value(isJSON: hasKinds, kinds: hasKinds ? nil : kinds)
        }
    }

    private mutating func beginText() {
        output.append(UInt8(ascii: "\""))
        phase = .text
    }

    /// Reads on in a value; false where more must come.
    private mutating func value(_ bytes: ByteQueue, _ position: inout Int, _ isFinal: Bool) -> Bool {
        if skipsLineBreak {
            guard position < bytes.count else { return false }
            if bytes[position] == UInt8(ascii: "\n") { position += 1 }
            skipsLineBreak = false
        }
        if mayBeMarked {
            switch bytes.match(markOpen, at: position) {
            case .partial where !isFinal: return false
            case .yes(let next):
                position = next
                ending = markClose + close
                if case .value = phase { beginText() }
            default: break
            }
            mayBeMarked = false
        }
        searched = max(searched, position)
        var found: Int?
        while searched < bytes.count {
            if bytes[searched] == ending[0] {
                switch bytes.match(ending, at: searched) {
                case .partial: break
                case .no:
                    searched += 1
                    continue
                case .yes(let next):
                    switch isFollowed(bytes, next, isFinal) {
                    case true?: found = next
                    case false?:
                        searched += 1
                        continue
                    case nil: break
                    }
                }
                break
            }
            searched += 1
        }
        // Up to here it is the value, but for a line break that may belong to the close.
        var end = searched
        if isPadded, end > position, bytes[end - 1] == UInt8(ascii: "\n"), found != nil || !isFinal { end -= 1 }
        switch phase {
        case .text:
            output += JSONBytes.escaped(bytes.slice(position..<end))
            position = end
            if found != nil { output.append(UInt8(ascii: "\"")) }
        case .value(let isJSON, let kinds):
            guard found != nil || isFinal else { return false }
            output += ValueConversion.json(Array(bytes.slice(position..<end)), kinds: kinds, isJSON: isJSON)
            position = end
        case .between: break
        }
        guard let found else { return false }
        position = found
        phase = .between
        return true
    }

    /// Whether what follows a value's close shows that it is one; nil where more must come.
    private func isFollowed(_ bytes: ByteQueue, _ position: Int, _ isFinal: Bool) -> Bool? {
        let next = bytes.skipSpace(from: position)
        if next == bytes.count { return isFinal ? true : nil }
        var isPartial = false
        for follower in followers {
            switch bytes.match(follower, at: next) {
            case .yes: return true
            case .partial: isPartial = true
            case .no: break
            }
        }
        return isPartial ? (isFinal ? true : nil) : false
    }
}
