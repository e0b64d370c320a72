/// What the pieces of an opening name.
struct Captures {
    var name: String?
    var id: String?
    var key: [UInt8] = []
    var kind: [UInt8] = []
}

/// Pieces whose texts are bytes, ready to be looked for.
struct PieceMatcher: Sendable {
    private indirect enum Step: Sendable {
        case literal([UInt8])
        case space, name, numberedName, id, number
        /// A run of bytes up to the literal that follows.
        case key(until: [UInt8])
        case kind(until: [UInt8])
        case optional([Step])
    }

    private let steps: [Step]

    /// The literal with which the pieces begin, if they do.
    let opening: [UInt8]?
    var isEmpty: Bool { steps.isEmpty }

    private enum Limits {
        static let nameBytes = 256
    }

    /// White space at the end is left to what follows: how much of it there is shows only then.
    init(_ pieces: [Piece]) {
        let pieces = Array(pieces[..<((pieces.lastIndex { $0 != .space } ?? -1) + 1)])
        steps = PieceMatcher.steps(pieces)
        opening = pieces.first { $0 != .space }.flatMap(\.text).map { Array($0.utf8) }
    }

    private static func steps(_ pieces: [Piece]) -> [Step] {
        pieces.enumerated().map { index, piece in
            let next = pieces.dropFirst(index + 1).first?.text.map { Array($0.utf8) } ?? []
            return switch piece {
            case .literal(let text): .literal(Array(text.utf8))
            case .space: .space
            case .name: .name
            case .numberedName: .numberedName
            case .id: .id
            case .number: .number
            case .key: .key(until: next)
            case .kind: .kind(until: next)
            case .optional(let pieces): .optional(steps(pieces))
            }
        }
    }

    /// Whether the bytes from `start` on are the pieces. What is cut by the end of a final text does not match.
    func match(_ bytes: ByteQueue, at start: Int, isFinal: Bool, captures: inout Captures) -> ByteQueue.Match {
        let match = PieceMatcher.match(steps[...], bytes, start, isFinal, &captures)
        return isFinal && match == .partial ? .no : match
    }

    private static func match(
        _ steps: ArraySlice<Step>, _ bytes: ByteQueue, _ start: Int, _ isFinal: Bool, _ captures: inout Captures
    ) -> ByteQueue.Match {
        var end = start
        for (index, step) in zip(steps.indices, steps) {
            switch step {
            case .literal(let literal):
                guard case .yes(let next) = bytes.match(literal, at: end) else { return bytes.match(literal, at: end) }
                end = next
            case .space: end = bytes.skipSpace(from: end)
            case .optional(let optional):
                var found = captures
                switch match((optional + steps[(index + 1)...])[...], bytes, end, isFinal, &found) {
                case .no: continue
                case .partial where isFinal: continue
                case let match:
                    captures = found
                    return match
                }
            case .key(let literal), .kind(let literal):
                guard let stop = run(bytes, end, until: literal) else { return .no }
                guard case .yes(let stop) = stop else { return .partial }
                let text = Array(bytes.slice(end..<stop))
                if case .key = step { captures.key = text } else { captures.kind = text }
                end = stop
            case .number:
                let stop = run(bytes, end) { $0.isDigit }
                if stop == bytes.count { return .partial }
                if stop == end { return .no }
                end = stop
            case .name, .id, .numberedName:
                let isName = if case .name = step { true } else { false }
                let stop = run(bytes, end) { $0.isOfName || !isName && $0 == UInt8(ascii: ":") }
                if stop - end > Limits.nameBytes { return .no }
                if stop == bytes.count { return .partial }
                if stop == end { return .no }
                let text = String(decoding: bytes.slice(end..<stop), as: UTF8.self)
                switch step {
                case .name: captures.name = text
                case .id: captures.id = text
                default:
                    captures.id = text
                    captures.name = toolName(inID: text)
                }
                end = stop
            }
        }
        return .yes(end: end)
    }

    /// The end of the bytes that are as they must be, no further than names may go.
    private static func run(_ bytes: ByteQueue, _ start: Int, while isTaken: (UInt8) -> Bool) -> Int {
        var end = start
        while end < bytes.count, end - start <= Limits.nameBytes, isTaken(bytes[end]) { end += 1 }
        return end
    }

    /// Where `literal` begins on the same line; nil where it does not come within the length of a name.
    private static func run(_ bytes: ByteQueue, _ start: Int, until literal: [UInt8]) -> ByteQueue.Match? {
        var end = start
        while end - start <= Limits.nameBytes {
            if end == bytes.count { return .partial }
            switch bytes.match(literal, at: end) {
            case .yes: return end > start ? .yes(end: end) : nil
            case .partial: return .partial
            case .no: break
            }
            if bytes[end] == UInt8(ascii: "\n") { return nil }
            end += 1
        }
        return nil
    }

    /// `f` of `functions.f:0`.
    private static func toolName(inID id: String) -> String {
        var name = id.hasPrefix("functions.") ? id.dropFirst("functions.".count) : id[...]
        if let colon = name.lastIndex(of: ":"), name[colon...].dropFirst().allSatisfy(\.isNumber) {
            name = name[..<colon]
        }
        return String(name)
    }
}
