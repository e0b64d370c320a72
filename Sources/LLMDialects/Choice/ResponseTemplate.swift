package import LLMJSON

/// Why a `response_template` is not used.
package struct ResponseTemplateError: Error, Hashable {
    package let message: String
}

extension ToolDialect {
    /// The dialect that a tokenizer's `response_template` describes (Hugging Face's, version 1).
    ///
    /// What it can say beyond dialects, such as patterns that are more than texts and names, is refused.
    package init(responseTemplate: JSONValue) throws(ResponseTemplateError) {
        guard case .object(let template) = responseTemplate else { throw .init(message: "it is no object") }
        if let version = template["version"], version.exactInteger != 1 {
            throw .init(message: "its version is \(version.shown), and 1 is known")
        }
        guard case .object(let fields)? = template["fields"] else { throw .init(message: "it has no fields") }
        self.init("response_template")
        for (name, value) in fields {
            let field = try ResponseField(name, value)
            switch name {
            case "content": wrappers += [field.openText, field.closeText].compactMap(\.self)
            case "thinking", "reasoning", "reasoning_content":
                guard let open = field.openText, let close = field.closeText else {
                    throw .init(message: "\(name.quoted) has no texts that open and close it")
                }
                reasoning = ReasoningFormat(open: open, close: close)
            case "tool_calls": calls = try field.calls()
            default: throw .init(message: "\(name.quoted) is none of thinking, content and tool_calls")
            }
        }
    }
}

/// A field of a `response_template`.
private struct ResponseField {
    private let name: String
    private let open: [Piece]
    private let close: [Piece]
    private let content: String
    private let arguments: JSONValue
    private let transform: JSONValue?
    private let isList: Bool

    init(_ name: String, _ value: JSONValue) throws(ResponseTemplateError) {
        guard case .object(let members) = value else { throw .init(message: "\(name.quoted) is no object") }
        self.name = name
        open = try ResponseField.anchor(members["open"], members["open_pattern"], name)
        close = try ResponseField.anchor(members["close"], members["close_pattern"], name)
        content = if case .string(let text)? = members["content"] { text } else { "text" }
        arguments = members["content_args"] ?? .object([:])
        transform = members["transform"]
        isList = members["transform_each"] == .flag(true)
    }

    /// The text that opens the field, if it is no more than one.
    var openText: String? { open.count == 1 ? open[0].text : nil }
    var closeText: String? { close.compactMap(\.text).first }

    private static func anchor(
        _ literal: JSONValue?, _ pattern: JSONValue?, _ name: String
    ) throws(ResponseTemplateError) -> [Piece] {
        switch (literal, pattern) {
        case (.string(let text)?, _): [.literal(text)]
        case (.array(let texts)?, _):
            // The first is what the model writes; the others are its ends otherwise.
            if case .string(let text)? = texts.first { [.literal(text)] } else { [] }
        case (_, .string(let pattern)?): try PiecePattern.pieces(pattern, name)
        default: []
        }
    }

    func calls() throws(ResponseTemplateError) -> CallFormat {
        guard !open.isEmpty else { throw .init(message: "nothing opens \(name.quoted)") }
        switch content {
        case "json": return try json()
        case "xml-inline":
            guard open.contains(.name) else { throw .init(message: "the tool's name is not in what opens a call") }
            guard case .string(let pattern)? = member("tag_pattern", of: arguments) else {
                throw .init(message: "its arguments have no tag_pattern")
            }
            return CallFormat(open: open, arguments: .tagged(try tagged(pattern)), close: [.space] + close)
        case "python-call-list":
            return CallFormat(
                sectionOpen: open + [.space, "["], separator: ",", sectionClose: [.space, "]", .space] + close,
                open: [.name, "("], arguments: .literals(.python))
        default:
            throw .init(message: "its calls are \(content.quoted), and json, xml-inline or python-call-list are read")
        }
    }

    private func json() throws(ResponseTemplateError) -> CallFormat {
        if case .array(let delimiters)? = member("string_delims", of: arguments) {
            guard case .array(let pair)? = delimiters.first, pair.count == 2, pair[0] == pair[1],
                case .string(let quote) = pair[0], open.contains(.name)
            else { throw .init(message: "its texts are not between two equal marks") }
            let format = LiteralArguments(assignment: ":", close: "}", quote: quote)
            return CallFormat(open: open + ["{"], arguments: .literals(format), close: [.space] + close)
        }
        if open.contains(.name) { return CallFormat(open: open, arguments: .json, close: [.space] + close) }
        let function = transform.flatMap { member("function", of: $0) }
        let wrapped = WrappedCall(
            nameKeys: [key("name", of: function)], argumentKeys: [key("arguments", of: function)])
        guard isList else {
            return CallFormat(open: open, arguments: .wrapped(wrapped), close: [.space] + close)
        }
        return CallFormat(
            sectionOpen: open + [.space, "["], separator: ",", sectionClose: [.space, "]", .space] + close,
            arguments: .wrapped(wrapped))
    }

    /// The member of a call's JSON that becomes `name`: the last of `{content.tool_name}`.
    private func key(_ name: String, of function: JSONValue?) -> String {
        guard case .string(let text)? = function.flatMap({ member(name, of: $0) }), text.hasPrefix("{") else {
            return name
        }
        return text.dropFirst().dropLast().split(separator: ".").last.map(String.init) ?? name
    }

    private func tagged(_ pattern: String) throws(ResponseTemplateError) -> TaggedArguments {
        let pieces = try PiecePattern.pieces(pattern, name)
        guard let value = pieces.firstIndex(of: .kind), pieces[..<value].contains(.key),
            let close = pieces[value...].compactMap(\.text).first
        else { throw .init(message: "its tag_pattern has not a key, a value and a text that closes it") }
        var open = Array(pieces[..<value])
        let isPadded = open.last == .space
        if isPadded { open.removeLast() }
        while open.first == .space { open.removeFirst() }
        return TaggedArguments(open: open, close: close, isPadded: isPadded)
    }

    private func member(_ name: String, of value: JSONValue) -> JSONValue? {
        if case .object(let members) = value { members[name] } else { nil }
    }
}

/// Regular expressions that are texts, white space and named groups.
private enum PiecePattern {
    static func pieces(_ pattern: String, _ field: String) throws(ResponseTemplateError) -> [Piece] {
        var pieces: [Piece] = []
        var literal = ""
        var rest = Array(pattern)[...]
        func flush() {
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = ""
        }
        func refuse(_ what: String) -> ResponseTemplateError {
            ResponseTemplateError(message: "the pattern of \(field.quoted) has \(what), which is not read")
        }
        while let next = rest.popFirst() {
            switch next {
            case "\\":
                guard let escaped = rest.popFirst() else { throw refuse("a lone \\") }
                switch escaped {
                case "n": literal.append("\n")
                case "s":
                    flush()
                    pieces.append(.space)
                    if rest.first == "*" || rest.first == "+" || rest.first == "?" { rest.removeFirst() }
                    if rest.first == "?" { rest.removeFirst() }
                case let letter where letter.isLetter || letter.isNumber: throw refuse("\\\(letter)")
                default: literal.append(escaped)
                }
            case "?", "*", "+":
                // A line break that may be missing is white space.
                guard literal.last == "\n" else { throw refuse(String(next)) }
                literal.removeLast()
                flush()
                pieces.append(.space)
            case "(":
                flush()
                pieces.append(try group(&rest, refuse))
            case ".", "[", "|", "^", "$", "{": throw refuse(String(next))
            default: literal.append(next)
            }
        }
        flush()
        return pieces
    }

    /// A named group, whatever it takes.
    private static func group(
        _ rest: inout ArraySlice<Character>, _ refuse: (String) -> ResponseTemplateError
    ) throws(ResponseTemplateError) -> Piece {
        guard rest.starts(with: "?P<") || rest.starts(with: "?<"), let end = rest.firstIndex(of: ">") else {
            throw refuse("a group without a name")
        }
        let name = String(rest[..<end].drop { $0 != "<" }.dropFirst())
        rest = rest[(end + 1)...]
        var depth = 1
        while depth > 0 {
            guard let next = rest.popFirst() else { throw refuse("a group without an end") }
            switch next {
            case "\\": rest = rest.dropFirst()
            case "(": depth += 1
            case ")": depth -= 1
            default: break
            }
        }
        switch name {
        case "name": return .name
        case "id": return .id
        case "key": return .key
        case "value": return .kind
        default: throw refuse("a group called \(name.quoted)")
        }
    }
}
