import LLMDialects

/// Answers cut into pieces, and what a parser says of them.
enum Splits {
    /// All events of an answer whose pieces end at `ends`, joined as far as they say the same.
    static func events(
        _ text: [UInt8], _ ends: [Int], _ dialect: ToolDialect, tools: [ToolDeclaration] = [], promptTail: String = ""
    ) -> [DialectEvent] {
        var parser = DialectParser(dialect, tools: tools, promptTail: promptTail)
        var events: [DialectEvent] = []
        var start = 0
        for end in ends + [text.count] where end >= start {
            events += parser.append(Array(text[start..<end]))
            start = end
        }
        return events + parser.finish()
    }

    /// What the events say, whatever their pieces: the text of each run of one kind, and the calls.
    static func summary(_ events: [DialectEvent]) -> [String] {
        var parts: [(kind: String, text: [UInt8])] = []
        for event in events {
            let (kind, text): (String, [UInt8]) =
                switch event.kind {
                case .content(let isUnparsed): (isUnparsed ? "unparsed" : "content", event.source)
                case .reasoning: ("reasoning", event.source)
                case .marker: ("marker", event.source)
                case .arguments(let fragment): ("arguments", fragment)
                case .callBegan(let head): ("call \(head.index) \(head.name) \(head.id ?? "-")", event.source)
                case .callEnded(let end): ("end \(end)", event.source)
                }
            if parts.last?.kind == kind {
                parts[parts.count - 1].text += text
            } else {
                parts.append((kind, text))
            }
        }
        return parts.map { "\($0.kind): \(String(decoding: $0.text, as: UTF8.self))" }
    }

    /// The text that the events are of.
    static func source(_ events: [DialectEvent]) -> [UInt8] { events.flatMap(\.source) }
}
