public import LLMDialects

/// How a call ended.
public typealias CallEnd = LLMDialects.CallEnd

/// What a model answered, told apart.
public struct Answer: Sendable, Hashable {
    /// What it says.
    public internal(set) var content = ""
    /// What it thought before.
    public internal(set) var reasoning = ""
    /// The tools that it calls, in order.
    public internal(set) var calls: [ToolCall] = []
    /// Whether something in ``content`` began as a call and was none that can be read.
    public internal(set) var hasUnparsed = false
    /// How many tokens the reasoning has.
    public internal(set) var reasoningTokens = 0

    /// An answer that says nothing yet.
    public init(content: String = "") { self.content = content }

    /// Whether there are calls, and all of them are whole: what was cut is none to act upon.
    public var hasWholeCalls: Bool { !calls.isEmpty && calls.allSatisfy { $0.end != .cut } }
}

/// A call of a tool.
public struct ToolCall: Sendable, Hashable {
    /// The id that the call's result names: the one the model wrote, else one in its dialect's form that follows from the
    /// request's seed and prompt.
    public let id: String
    /// The tool's name.
    public let name: String
    /// The arguments as the model wrote them, a text of JSON.
    public internal(set) var arguments: String
    /// How the call ended; ``CallEnd/cut`` while it goes on.
    public internal(set) var end: CallEnd
}

/// A part of an answer as it comes.
public enum AnswerPart: Sendable, Hashable {
    /// The next of what the model says.
    case content(String)
    /// The next of what it thinks.
    case reasoning(String)
    /// A call begins, the next of ``Answer/calls``, without arguments yet.
    case callBegan(ToolCall)
    /// The next of a call's arguments.
    case arguments(String, call: Int)
    /// A call is over.
    case callEnded(CallEnd, call: Int)
}
