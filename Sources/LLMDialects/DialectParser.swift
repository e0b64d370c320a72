/// Tells apart what a model writes as it comes: what it says, what it thinks, its calls, and marks.
///
/// The parser keeps back only what may still become a mark or the beginning of a call. However the text is cut into pieces,
/// what the events say is the same: a whole text is a single piece. Nothing is an error: what cannot be read as a call is
/// content that says so.
///
///     var parser = DialectParser(.named("hermes")!, tools: tools)
///     parser.append(Array("<tool_call>\n{\"name\": \"f\", \"argum".utf8))   // callBegan f
///     parser.append(Array("ents\": {}}\n</tool_call>".utf8))                // arguments {}, callEnded complete
///     parser.finish()
public struct DialectParser: Sendable {
    let dialect: ToolDialect
    let tools: [String: ToolDeclaration]
    let matchers: Matchers

    /// What came and is not told apart yet.
    var bytes = ByteQueue()
    /// How many of these are the prompt's end, which the model goes on with.
    private var promptBytes = 0
    /// Special tokens among them that are no marks of the dialect, by their place in the whole text.
    var specials: [Range<Int>] = []
    /// The place in the whole text of the first byte.
    private(set) var position = 0
    private(set) var isFinal = false
    private var events: [DialectEvent] = []

    var state = State.text
    /// Line breaks that belong to the mark before them.
    var leadingLineBreaks = 0
    /// Whether nothing has been said yet, or since the last call.
    var isAtStart = true
    /// Whether calls at the start are no longer looked for.
    var isPastStart = false
    var isInSection = false
    var hasSeparator = false
    /// How many calls have begun.
    private(set) var callCount = 0
    /// How many bytes the call that is being looked at has, where it is not begun yet.
    var scanned = 0
    /// Whether the call that is read as JSON has been told of.
    var isBegun = false
    var callEnd = CallEnd.complete
    var hasMark = true
    var json = JSONScanner()
    var wrapped = WrappedScanner(WrappedCall(), isStrict: false)
    var converted: (any ArgumentScanner)?

    /// Where tokens end that are not counted yet, and whether reasoning was found in the first.
    private var tokenEnds: [Int] = []
    private var firstIsReasoning = false
    /// How many of the appended tokens have reasoning in them.
    public private(set) var reasoningTokens = 0
    /// Whether something began as a call and was none.
    public private(set) var hasUnparsed = false

    enum State {
        case text, reasoning, header, between, wrapped, json, converted, close, broken
    }

    /// A parser of one answer.
    ///
    /// - Parameters:
    ///   - tools: the tools that the model was told of.
    ///   - promptTail: the prompt, or its end: it may have opened the reasoning, or a message.
    public init(_ dialect: ToolDialect, tools: [ToolDeclaration] = [], promptTail: String = "") {
        self.dialect = dialect
        self.tools = Dictionary(tools.map { ($0.name, $0) }) { $1 }
        matchers = Matchers(dialect)
        begin(after: promptTail)
    }

    private mutating func begin(after prompt: String) {
        let tail = Array(prompt.utf8.suffix(4096))
        let trimmed = tail[..<((tail.lastIndex { !$0.isSpace } ?? -1) + 1)]
        if let reasoning = dialect.reasoning {
            let open = Array(reasoning.open.utf8)
            if tail.hasSuffix(open) || trimmed.hasSuffix(open) {
                state = .reasoning
                leadingLineBreaks = 2
                return
            }
        }
        if let framing = dialect.framing {
            state = .header
            let start = Array((framing.start + "assistant").utf8)
            if let end = tail.lastEnd(of: start) {
                promptBytes = tail.count - end
                bytes.append(tail[end...])
            }
            return
        }
        // The prompt may end within a mark, as Functionary's ends with `>>>`.
        let partial = matchers.all.texts.map { text in
            (3..<max(text.count + 1, 3)).last { tail.hasSuffix(Array(text[..<$0])) } ?? 0
        }
        if let count = partial.max(), count > 0 {
            promptBytes = count
            bytes.append(tail.suffix(count))
        }
    }

    /// What of the prompt the answer goes on with: the mark that opened the reasoning, or what may be a mark's beginning.
    package var begun: String {
        if state == .reasoning, let reasoning = dialect.reasoning { return reasoning.open }
        return String(decoding: bytes.slice(0..<promptBytes), as: UTF8.self)
    }

    /// Takes the text of the next token.
    ///
    /// - Parameter isSpecial: whether it is a special token's: one that is no mark of the dialect is no content either.
    /// - Returns: what is known now.
    public mutating func append(_ text: [UInt8], isSpecial: Bool = false) -> [DialectEvent] {
        let end = position + bytes.count + text.count
        if isSpecial, !text.isEmpty, !matchers.knows(text) { specials.append(end - text.count..<end) }
        bytes.append(text)
        tokenEnds.append(end)
        return run()
    }

    /// Ends the text.
    ///
    /// - Returns: what was kept back; a call that is not whole ends as ``CallEnd/cut``.
    public mutating func finish() -> [DialectEvent] {
        isFinal = true
        return run()
    }

    private mutating func run() -> [DialectEvent] {
        while step() {}
        defer { events = [] }
        return events
    }

    /// Whether the parser got on.
    private mutating func step() -> Bool {
        switch state {
        case .text: stepText()
        case .reasoning: stepReasoning()
        case .header: stepHeader()
        case .between: stepBetween()
        case .wrapped: stepWrapped()
        case .json: stepJSON()
        case .converted: stepConverted()
        case .close: stepClose()
        case .broken: stepBroken()
        }
    }

    // MARK: Events

    /// Hands over the first `count` bytes. What the prompt has of them is left out.
    mutating func emit(_ kind: DialectEvent.Kind, _ count: Int) {
        var source = bytes.take(count)
        let ofPrompt = min(promptBytes, count)
        source.removeFirst(ofPrompt)
        promptBytes -= ofPrompt
        countTokens(count, isReasoning: kind == .reasoning)
        switch kind {
        case .content(let isUnparsed):
            if isUnparsed { hasUnparsed = true }
            if source.isEmpty { return }
        case .reasoning, .marker:
            if source.isEmpty { return }
        case .arguments(let fragment):
            if source.isEmpty && fragment.isEmpty { return }
            if case .arguments(let earlier)? = events.last?.kind {
                events[events.count - 1].join(.arguments(earlier + fragment), source)
                return
            }
        case .callBegan, .callEnded: break
        }
        if let last = events.last, last.kind == kind, kind.isText {
            events[events.count - 1].join(kind, source)
        } else {
            events.append(DialectEvent(kind: kind, source: source))
        }
    }

    mutating func emitContent(_ count: Int, isUnparsed: Bool = false) {
        if count > 0 { isAtStart = false }
        emit(.content(isUnparsed: isUnparsed), count)
    }

    mutating func beginCall(_ name: String, id: String?, _ count: Int) {
        emit(.callBegan(CallHead(index: callCount, name: name, id: id)), count)
        callCount += 1
        callEnd = .complete
    }

    mutating func endCall(_ end: CallEnd, _ count: Int = 0) {
        emit(.callEnded(end), count)
        isAtStart = true
        isPastStart = true
        hasSeparator = false
        if dialect.framing != nil {
            state = .header
        } else {
            state = dialect.calls?.hasSections == true || dialect.calls?.separator.isEmpty == false ? .between : .text
            leadingLineBreaks = 2
        }
    }

    private mutating func countTokens(_ count: Int, isReasoning: Bool) {
        let end = position + count
        var done = 0
        for tokenEnd in tokenEnds {
            guard tokenEnd <= end else { break }
            if firstIsReasoning || isReasoning { reasoningTokens += 1 }
            firstIsReasoning = false
            done += 1
        }
        let last = done > 0 ? tokenEnds[done - 1] : position
        tokenEnds.removeFirst(done)
        if isReasoning, last < end { firstIsReasoning = true }
        position = end
        while let first = specials.first, first.lowerBound < position { specials.removeFirst() }
    }
}

extension DialectEvent {
    fileprivate mutating func join(_ kind: Kind, _ more: [UInt8]) {
        self = DialectEvent(kind: kind, source: source + more)
    }
}

extension DialectEvent.Kind {
    fileprivate var isText: Bool {
        switch self {
        case .content, .reasoning, .marker: true
        case .arguments, .callBegan, .callEnded: false
        }
    }
}

extension BidirectionalCollection<UInt8> where Index == Int {
    func hasSuffix(_ text: [UInt8]) -> Bool { count >= text.count && suffix(text.count).elementsEqual(text) }

    /// The end of the last `text` among the bytes.
    func lastEnd(of text: [UInt8]) -> Int? {
        guard count >= text.count else { return nil }
        var start = endIndex - text.count
        while start >= startIndex {
            if self[start..<start + text.count].elementsEqual(text) { return start + text.count }
            start -= 1
        }
        return nil
    }
}
