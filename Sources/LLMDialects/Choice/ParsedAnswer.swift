/// All that a model wrote, told apart.
public struct ParsedAnswer: Sendable, Hashable {
    /// A call.
    public struct Call: Sendable, Hashable {
        /// The tool's name.
        public var name: String
        /// The id that the model wrote, if it did.
        public var id: String?
        /// The arguments, a text of JSON.
        public var arguments: String
        /// How it ended.
        public var end: CallEnd
    }

    /// What the model says.
    public private(set) var content = ""
    /// What it thinks.
    public private(set) var reasoning = ""
    /// Its calls, in order.
    public private(set) var calls: [Call] = []
    /// Whether something in the content began as a call and was none.
    public private(set) var hasUnparsed = false

    /// The events of a whole answer.
    public init(_ events: [DialectEvent]) {
        var content: [UInt8] = []
        var reasoning: [UInt8] = []
        var arguments: [UInt8] = []
        var head: CallHead?
        for event in events {
            switch event.kind {
            case .content(let isUnparsed):
                content += event.source
                hasUnparsed = hasUnparsed || isUnparsed
            case .reasoning: reasoning += event.source
            case .marker: break
            case .callBegan(let begun):
                head = begun
                arguments = []
            case .arguments(let fragment): arguments += fragment
            case .callEnded(let end):
                guard let begun = head else { continue }
                let text = String(decoding: arguments, as: UTF8.self)
                calls.append(Call(name: begun.name, id: begun.id, arguments: text, end: end))
                head = nil
            }
        }
        self.content = String(decoding: content, as: UTF8.self)
        self.reasoning = String(decoding: reasoning, as: UTF8.self)
    }

    /// Parses a whole text.
    public init(_ text: String, _ dialect: ToolDialect, tools: [ToolDeclaration] = [], promptTail: String = "") {
        var parser = DialectParser(dialect, tools: tools, promptTail: promptTail)
        let events = parser.append(Array(text.utf8))
        self.init(events + parser.finish())
    }
}
