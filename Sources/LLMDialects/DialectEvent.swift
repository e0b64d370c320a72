package import LLMJSON

/// A part of what a model writes, told apart by a ``DialectParser``. The ``source``s of all events, one after the other, are
/// what the model wrote.
public struct DialectEvent: Sendable, Hashable {
    /// What a part is.
    public enum Kind: Sendable, Hashable {
        /// What the model says. Unparsed is what began as a call and became none.
        case content(isUnparsed: Bool)
        /// What the model thinks.
        case reasoning
        /// A mark, or white space around one, that is part of nothing else.
        case marker
        /// A call begins.
        case callBegan(CallHead)
        /// The next bytes of the call's arguments, a text of JSON.
        case arguments([UInt8])
        /// The call is over.
        case callEnded(CallEnd)
    }

    /// What it is.
    public let kind: Kind
    /// The bytes that the model wrote.
    public let source: [UInt8]

    /// The part as text, for content and reasoning.
    public var text: String { String(decoding: source, as: UTF8.self) }
}

/// The beginning of a call.
public struct CallHead: Sendable, Hashable {
    /// The call's place in the answer, from 0.
    public let index: Int
    /// The tool's name.
    public let name: String
    /// The id that the model wrote, if it did.
    public let id: String?
}

/// How a call ended.
public enum CallEnd: Sendable, Hashable {
    /// Its arguments are whole.
    case complete
    /// Its arguments are not what the format wants; they are given as they were written.
    case malformed
    /// The text ended within it; its arguments are what was written.
    case cut
}

/// A tool that the model may call.
public struct ToolDeclaration: Sendable {
    /// The tool's name.
    public let name: String
    /// The types of its parameters by name.
    let parameters: ParameterTypes

    /// A tool whose parameters the JSON schema `schema` describes.
    package init(_ name: String, schema: JSONValue) {
        self.name = name
        parameters = ParameterTypes(schema: schema)
    }
}
