/// How a family of models writes calls of tools and its reasoning: a description from which the parser of what the model
/// writes is made, and the grammar that holds the model to it.
///
///     var dialect = ToolDialect.named("hermes")!
///     var parser = DialectParser(dialect, tools: tools, promptTail: prompt)
public struct ToolDialect: Sendable, Hashable {
    /// The name by which a dialect is chosen.
    public var name: String
    /// How calls are written; nil where the model calls no tools.
    public var calls: CallFormat?
    /// How the model writes what it thinks before it answers; nil where it does not.
    public var reasoning: ReasoningFormat?
    /// Marks around the answer that are not part of it.
    public var wrappers: [String]
    /// How messages are framed, where the model writes several messages one after the other.
    public var framing: MessageFraming?

    /// A dialect of the parts given.
    public init(
        _ name: String, calls: CallFormat? = nil, reasoning: ReasoningFormat? = nil, wrappers: [String] = [],
        framing: MessageFraming? = nil
    ) {
        self.name = name
        self.calls = calls
        self.reasoning = reasoning
        self.wrappers = wrappers
        self.framing = framing
    }
}

/// How calls stand in what the model writes: sections of calls, and each call from its opening to its close.
///
///     <｜tool▁calls▁begin｜>                                      section's opening
///       <｜tool▁call▁begin｜>f<｜tool▁sep｜>{…}<｜tool▁call▁end｜>      a call's opening, arguments, close
///     <｜tool▁calls▁end｜>                                        section's close
public struct CallFormat: Sendable, Hashable {
    /// Where calls may stand.
    public enum Place: Sendable, Hashable {
        /// Anywhere after what the model says: an opening mark tells them from it.
        case anywhere
        /// At the beginning of the answer only, as nothing but their own form tells them from what the model says.
        case start
    }

    /// Where calls may stand.
    public var place: Place
    /// What opens a section of calls; empty where each call stands for itself.
    public var sectionOpen: [Piece]
    /// What stands between two calls of a section, besides white space.
    public var separator: String
    /// What closes a section of calls.
    public var sectionClose: [Piece]
    /// A call up to its arguments, with the tool's name in it unless the arguments are ``ArgumentFormat/wrapped(_:)``.
    public var open: [Piece]
    /// How the arguments are written.
    public var arguments: ArgumentFormat
    /// What closes a call after its arguments.
    public var close: [Piece]
    /// The form of calls' ids.
    public var ids: CallIDForm

    /// A format of the parts given.
    public init(
        place: Place = .anywhere, sectionOpen: [Piece] = [], separator: String = "", sectionClose: [Piece] = [],
        open: [Piece] = [], arguments: ArgumentFormat, close: [Piece] = [], ids: CallIDForm = .usual
    ) {
        self.place = place
        self.sectionOpen = sectionOpen
        self.separator = separator
        self.sectionClose = sectionClose
        self.open = open
        self.arguments = arguments
        self.close = close
        self.ids = ids
    }

    /// Whether calls come in sections that open and close.
    var hasSections: Bool { !sectionOpen.isEmpty || !sectionClose.isEmpty }
}

/// A piece of what stands around calls and arguments.
public indirect enum Piece: Sendable, Hashable, ExpressibleByStringLiteral {
    /// A text as it is.
    case literal(String)
    /// White space, or none.
    case space
    /// The tool's name.
    case name
    /// The tool's name with its place in the conversation, `functions.f:0`, which is the call's id too.
    case numberedName
    /// The call's id.
    case id
    /// A number that says nothing.
    case number
    /// An argument's name.
    case key
    /// A word that says whether an argument's value is a text or JSON.
    case kind
    /// Pieces that may be missing.
    case optional([Piece])

    /// A text as it is.
    public init(stringLiteral value: String) { self = .literal(value) }

    /// The text of a literal.
    var text: String? { if case .literal(let text) = self { text } else { nil } }
}

/// How a call's arguments are written.
public enum ArgumentFormat: Sendable, Hashable {
    /// A JSON object.
    case json
    /// A JSON object of which the arguments are one member and the tool's name another.
    case wrapped(WrappedCall)
    /// Each argument between tags, its value a text or JSON.
    case tagged(TaggedArguments)
    /// Each argument with its name and a literal of a programming language.
    case literals(LiteralArguments)
}

/// A call that is a JSON object as a whole.
public struct WrappedCall: Sendable, Hashable {
    /// The members that may hold the tool's name; none where the name is the only member's own.
    public var nameKeys: [String]
    /// The members that may hold the arguments; models write the first.
    public var argumentKeys: [String]
    /// The member that holds the call's id.
    public var idKey: String?
    /// Whether the id stands before the name, and not at the end.
    public var idIsFirst: Bool

    /// A call with members of the names given.
    public init(
        nameKeys: [String] = ["name"], argumentKeys: [String] = ["arguments", "parameters"], idKey: String? = nil,
        idIsFirst: Bool = false
    ) {
        self.nameKeys = nameKeys
        self.argumentKeys = argumentKeys
        self.idKey = idKey
        self.idIsFirst = idIsFirst
    }

    /// A call whose only member has the tool's name, and the arguments as its value.
    public static let nameAsKey = WrappedCall(nameKeys: [], argumentKeys: [])
}

/// Arguments between tags.
public struct TaggedArguments: Sendable, Hashable {
    /// An argument up to its value.
    public var open: [Piece]
    /// What closes a value.
    public var close: String
    /// Whether a value has a line break before and after it that is not part of it.
    public var isPadded: Bool
    /// The words of ``Piece/kind`` that say that a value is a text; others say that it is JSON. Without such a piece the
    /// tool's schema says so.
    public var textKinds: [String]
    /// Marks that may stand around a text within its tags, such as `<![CDATA[` and `]]>`.
    public var textMarks: TextMarks?

    /// Arguments of the parts given.
    public init(
        open: [Piece], close: String, isPadded: Bool = false, textKinds: [String] = [], textMarks: TextMarks? = nil
    ) {
        self.open = open
        self.close = close
        self.isPadded = isPadded
        self.textKinds = textKinds
        self.textMarks = textMarks
    }
}

/// Marks around a text.
public struct TextMarks: Sendable, Hashable {
    /// What stands before it.
    public var open: String
    /// What stands after it.
    public var close: String

    /// A text between two marks.
    public init(open: String, close: String) {
        self.open = open
        self.close = close
    }
}

/// Arguments as literals.
public struct LiteralArguments: Sendable, Hashable {
    /// What stands between an argument's name and its value.
    public var assignment: String
    /// What closes the arguments.
    public var close: String
    /// A mark around texts, which then have no escapes; nil for the quotes and escapes of Python.
    public var quote: String?

    /// Arguments of the parts given.
    public init(assignment: String, close: String, quote: String? = nil) {
        self.assignment = assignment
        self.close = close
        self.quote = quote
    }

    /// `f(a=1, b='x')`, from the opening bracket on.
    public static let python = LiteralArguments(assignment: "=", close: ")")
}

/// How the model writes what it thinks.
public struct ReasoningFormat: Sendable, Hashable {
    /// What opens the reasoning.
    public var open: String
    /// What closes it.
    public var close: String

    /// Reasoning between two marks.
    public init(open: String, close: String) {
        self.open = open
        self.close = close
    }
}

/// Messages with headers, one after the other, as OpenAI's harmony has them: `start` role, a recipient and a channel in
/// either order, `message`, the text, and an end.
public struct MessageFraming: Sendable, Hashable {
    /// What begins a message; the prompt ends with it and the role.
    public var start: String
    /// What stands before a channel's name.
    public var channel: String
    /// What ends the header.
    public var message: String
    /// What may end a message's text.
    public var ends: [String]
    /// The channels of reasoning.
    public var reasoningChannels: [String]
    /// What the recipient begins with where it is a tool.
    public var toolPrefix: String

    /// Messages of the parts given.
    public init(
        start: String, channel: String, message: String, ends: [String], reasoningChannels: [String],
        toolPrefix: String
    ) {
        self.start = start
        self.channel = channel
        self.message = message
        self.ends = ends
        self.reasoningChannels = reasoningChannels
        self.toolPrefix = toolPrefix
    }
}

extension ToolDialect {
    /// Every text that marks something.
    package var literals: [String] {
        var texts = wrappers
        if let reasoning { texts += [reasoning.open, reasoning.close] }
        if let framing { texts += [framing.start, framing.channel, framing.message] + framing.ends }
        if let calls {
            let pieces = [calls.sectionOpen, calls.sectionClose, calls.open, calls.close].joined()
            texts += pieces.flatMap(\.literals)
            if case .tagged(let tagged) = calls.arguments { texts += tagged.open.flatMap(\.literals) + [tagged.close] }
            if case .literals(let literals) = calls.arguments, let quote = literals.quote { texts.append(quote) }
        }
        return texts
    }
}

extension ToolDialect {
    /// Whether a special token of this name is a mark, or part of one.
    package func hasMark(_ name: String) -> Bool {
        !name.isEmpty && literals.contains { Array($0.utf8).firstRange(of: Array(name.utf8)) != nil }
    }

    /// Whether a prompt ends with the reasoning closed: the model is not to think.
    package func closesReasoning(_ prompt: String) -> Bool {
        guard let reasoning else { return false }
        let tail = Array(prompt.utf8.suffix(4096))
        return tail[..<((tail.lastIndex { !$0.isSpace } ?? -1) + 1)].hasSuffix(Array(reasoning.close.utf8))
    }
}

extension Piece {
    /// The texts of a piece.
    var literals: [String] {
        switch self {
        case .literal(let text): [text]
        case .optional(let pieces): pieces.flatMap(\.literals)
        default: []
        }
    }
}
