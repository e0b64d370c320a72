import LLMDialects

/// Tells apart what one sample of a request answers, piece by piece.
public struct AnswerReader: Sendable {
    /// The answer so far.
    public private(set) var answer = Answer()
    /// nil where all is content.
    private var parser: DialectParser?
    private let plan: AnswerPlan
    private let seed: UInt64

    /// - Parameter seed: what tells the answers of different requests apart.
    init(_ plan: AnswerPlan, seed: UInt64) {
        self.plan = plan
        self.seed = seed
        parser = plan.parser
    }

    /// Takes the next piece; the last one settles what was kept back.
    public mutating func append(_ piece: OutputPiece) -> [AnswerPart] {
        guard var parser else {
            answer.content += piece.text
            return piece.text.isEmpty ? [] : [.content(piece.text)]
        }
        var events: [DialectEvent] = []
        if piece.tokenID != nil || !piece.text.isEmpty { events += parser.append(Array(piece.text.utf8)) }
        if piece.finishReason != nil { events += parser.finish() }
        self.parser = parser
        answer.hasUnparsed = parser.hasUnparsed
        answer.reasoningTokens = parser.reasoningTokens
        return events.compactMap { part(of: $0) }
    }

    private mutating func part(of event: DialectEvent) -> AnswerPart? {
        let last = answer.calls.count - 1
        switch event.kind {
        case .content:
            answer.content += event.text
            return .content(event.text)
        case .reasoning:
            answer.reasoning += event.text
            return .reasoning(event.text)
        case .marker: return nil
        case .callBegan(let head):
            let call = ToolCall(
                id: head.id ?? plan.id(of: head, seed: seed), name: head.name, arguments: "", end: .cut)
            answer.calls.append(call)
            return .callBegan(call)
        case .arguments(let fragment):
            guard last >= 0, !fragment.isEmpty else { return nil }
            let text = String(decoding: fragment, as: UTF8.self)
            answer.calls[last].arguments += text
            return .arguments(text, call: last)
        case .callEnded(let end):
            guard last >= 0 else { return nil }
            answer.calls[last].end = end
            return .callEnded(end, call: last)
        }
    }
}
