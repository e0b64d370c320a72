/// What the user of a chat session asks for.
package enum ChatAction: Hashable {
    /// Something for the model to answer.
    case say(String)
    case help
    case clear
    case quit
    /// Another system message; an empty one for none.
    case system(String)
    case save(String)
    case load(String)
    /// A sampling field's new value; without a value it is shown, without a name all are.
    case params(name: String, value: String)
    /// A command that there is not, and what to do.
    case refuse(String)
}

/// Turns the lines of a chat session into actions: joins the lines of a longer message, reads commands.
package struct ChatInput {
    private static let fence = "\"\"\""

    private var lines: [String] = []
    private var isInBlock = false

    package init() {}

    /// Whether a message has begun that is not at its end.
    package var isPending: Bool { isInBlock || !lines.isEmpty }

    /// What `line` asks for; nil where it is blank, or the message goes on.
    package mutating func take(_ line: String) -> ChatAction? {
        let isFence = line.trimmed == Self.fence
        if isInBlock {
            guard !isFence else { return finish() }
            lines.append(line)
            return nil
        }
        if !isPending {
            isInBlock = isFence
            if isFence { return nil }
            if line.hasPrefix("/"), !line.contains(where: \.isNewline) { return Self.command(line) }
        }
        guard line.hasSuffix("\\") else {
            lines.append(line)
            return finish()
        }
        lines.append(String(line.dropLast()))
        return nil
    }

    /// What the lines so far ask for, there being no more.
    package mutating func finish() -> ChatAction? {
        let text = lines.joined(separator: "\n")
        reset()
        return text.trimmed.isEmpty ? nil : .say(text)
    }

    /// Forgets the message that has begun.
    package mutating func reset() {
        lines = []
        isInBlock = false
    }

    /// The commands, and what they do.
    package static let help = [
        ("/clear", "begin anew; the system message stays"),
        ("/system TEXT", "set the system message; without TEXT, remove it"),
        ("/save FILE", "write the conversation as JSON"),
        ("/load FILE", "go on with a conversation that was saved"),
        ("/params", "show what is set for sampling"),
        ("/params NAME VALUE", "set it, as in /params temperature 0.7; VALUE default unsets it"),
        ("/help", "show this"),
        ("/quit", "leave, as Ctrl-D does"),
        ("\\ at a line's end", "the message goes on in the next line"),
        (fence, "begins and ends a message of several lines, each in a line of its own"),
        ("Ctrl-C", "ends the answer, or clears the line"),
    ]

    private static func command(_ line: String) -> ChatAction {
        let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let (name, rest) = (String(parts[0]), parts.count > 1 ? String(parts[1]).trimmed : "")
        let plain: [String: ChatAction] = ["/help": .help, "/clear": .clear, "/quit": .quit]
        if let action = plain[name] {
            return rest.isEmpty ? action : .refuse("\(name) takes nothing behind it; leave it out")
        }
        switch name {
        case "/system": return .system(rest)
        case "/save": return rest.isEmpty ? .refuse("/save needs a file; give its path") : .save(rest)
        case "/load": return rest.isEmpty ? .refuse("/load needs a file; give its path") : .load(rest)
        case "/params":
            let parts = rest.split(maxSplits: 1, whereSeparator: \.isWhitespace).map { String($0).trimmed }
            return .params(name: parts.first ?? "", value: parts.count > 1 ? parts[1] : "")
        default:
            return .refuse(
                "'\(name.prefix(40))' is no command; /help lists them, \(fence) begins a message with a slash")
        }
    }
}

extension String {
    /// The text without white space at its ends.
    var trimmed: String {
        let text = drop(while: \.isWhitespace)
        return String(text.reversed().drop(while: \.isWhitespace).reversed())
    }
}
