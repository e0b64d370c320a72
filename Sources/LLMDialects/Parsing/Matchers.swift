/// What a dialect's parser looks for, as bytes.
struct Matchers: Sendable {
    /// What a text in content may begin.
    enum Trigger: Sendable {
        case reasoningOpen, reasoningClose, wrapper, section, call, sectionClose, messageEnd, messageStart
    }

    /// What to look for in what the model says, and what each begins.
    let all: TextScanner
    let triggers: [Trigger]
    let reasoningEnds: TextScanner
    let sectionOpen: PieceMatcher
    let sectionClose: PieceMatcher
    let callOpen: PieceMatcher
    let callClose: PieceMatcher
    let separator: [UInt8]
    /// What may end a call whose arguments cannot be read.
    let terminators: TextScanner
    private let literals: [[UInt8]]

    init(_ dialect: ToolDialect) {
        var texts: [([UInt8], Trigger)] = dialect.wrappers.map { (Array($0.utf8), .wrapper) }
        let framing = dialect.framing
        if let reasoning = dialect.reasoning {
            texts.append((Array(reasoning.open.utf8), .reasoningOpen))
            texts.append((Array(reasoning.close.utf8), .reasoningClose))
        }
        if let framing {
            texts += framing.ends.map { (Array($0.utf8), .messageEnd) }
            texts += [framing.start, framing.channel].map { (Array($0.utf8), .messageStart) }
        }
        let calls = dialect.calls
        sectionOpen = PieceMatcher(calls?.sectionOpen ?? [])
        sectionClose = PieceMatcher(calls?.sectionClose ?? [])
        callOpen = PieceMatcher(calls?.open ?? [])
        callClose = PieceMatcher(calls?.close ?? [])
        separator = Array((calls?.separator ?? "").utf8)
        if calls?.place == .anywhere {
            if let opening = sectionOpen.opening { texts.append((opening, .section)) }
            if let opening = callOpen.opening { texts.append((opening, .call)) }
            if let closing = sectionClose.opening, closing.count > 2 { texts.append((closing, .sectionClose)) }
        }
        all = TextScanner(texts.map(\.0))
        triggers = texts.map(\.1)
        reasoningEnds = TextScanner((framing?.ends ?? [dialect.reasoning?.close ?? ""]).map { Array($0.utf8) })
        let ends = [callClose.opening, sectionClose.opening, callOpen.opening, sectionOpen.opening].compactMap(\.self)
        terminators = TextScanner(ends.filter { $0.count > 2 } + (framing?.ends ?? []).map { Array($0.utf8) })
        literals = dialect.literals.map { Array($0.utf8) }
    }

    /// Whether a special token's text is part of a mark.
    func knows(_ text: [UInt8]) -> Bool {
        literals.contains { literal in
            literal.count >= text.count
                && (0...literal.count - text.count).contains { literal[$0..<$0 + text.count].elementsEqual(text) }
        }
    }
}
