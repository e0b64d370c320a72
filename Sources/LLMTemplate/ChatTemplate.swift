public import LLMJSON
import Synchronization

/// A model's chat template: turns messages into the text that the model was trained on.
///
/// Templates are Jinja2's, rendered as Hugging Face `transformers` renders them: `trim_blocks` and `lstrip_blocks`, loop
/// controls, `{% generation %}`, `raise_exception`, `strftime_now` and its `tojson`. A template is not trusted: it reads no
/// file, and its steps, nesting and sizes are bounded. Parsing is done once; a template can be rendered from any number of
/// threads.
///
///     let template = try ChatTemplate("{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}")
///     try template.render(.init(messages: [["role": "user", "content": "Hello"]]))  // "[user] Hello\n"
public struct ChatTemplate: Sendable {
    /// The template as it is written.
    public let text: String
    private let statements: [Statement]
    private let form = FoundForm()

    /// How the template reads messages, once that is asked for.
    private final class FoundForm: Sendable {
        private let form = Mutex<MessageForm?>(nil)

        func value(of template: ChatTemplate) -> MessageForm {
            if let form = form.withLock({ $0 }) { return form }
            let found = MessageForm(template)
            form.withLock { $0 = found }
            return found
        }
    }

    private enum Limits {
        static let bytes = 4 << 20
    }

    /// Parses `text`.
    ///
    /// - Throws: `malformedTemplate`, with line and column.
    public init(_ text: String) throws(TemplateError) {
        guard text.utf8.count <= Limits.bytes else {
            throw TemplateError(
                .malformedTemplate,
                "the chat template has \(text.utf8.count) bytes, more than \(Limits.bytes), its limit; use another")
        }
        self.text = text
        do {
            statements = try Parser.statements(of: text)
        } catch let error as JinjaError {
            throw TemplateError(error)
        } catch {
            throw TemplateError(.malformedTemplate, "the chat template cannot be read: \(error); use another")
        }
    }

    /// Whether an expression of the template has a text as a literal.
    func names(_ literal: String) -> Bool {
        (try? Lexer.tokens(of: text))?.contains { $0.kind == .string(literal) } ?? false
    }

    /// The text for a conversation.
    ///
    /// - Throws: `messagesRefused` where the template itself refuses the messages (`raise_exception`), `templateFailed`
    ///   where an expression has no value, `limitReached` at a limit, all with line and column; `malformedConversation`
    ///   where the final message cannot be continued.
    public func render(_ input: ChatTemplateInput, clock: TemplateClock = .system) throws(TemplateError) -> String {
        guard input.continuesFinalMessage else { return try render(variables: input.variables, clock: clock) }
        let marked = try MarkedConversation(input)
        return try marked.cut(render(variables: marked.input.variables, clock: clock))
    }

    /// Messages as OpenAI's API has them in the form that this template reads: as parts or as texts, without members that
    /// are null, with the arguments of calls as mappings, roles that it knows and as many system messages as it takes.
    ///
    /// - Parameter place: what errors call the message at an index, such as `messages[0]`.
    /// - Throws: ``MessageError`` for a message that has no such form.
    public func messages(
        _ messages: [TemplateValue], place: (Int) -> String = { "messages[\($0)]" }
    ) throws(MessageError) -> [TemplateValue] {
        let form = form.value(of: self)
        return try withoutActuallyEscaping(place) { place throws(MessageError) in
            try MessageStep(form: form, place: place).messages(messages)
        }
    }

    /// Tools as OpenAI's API has them, without members that are null.
    ///
    /// - Throws: ``MessageError`` for what is no function with a name.
    public static func tools(_ tools: [TemplateValue]) throws(MessageError) -> [TemplateValue] {
        try MessageStep.tools(tools)
    }

    /// The text for variables of any kind. Those that the caller does not name are undefined, `messages` too.
    public func render(
        variables: [String: TemplateValue], clock: TemplateClock = .system
    ) throws(TemplateError) -> String {
        do {
            return try Interpreter.render(statements, variables.mapValues { try Value($0) }, clock: clock)
        } catch let error as JinjaError {
            throw TemplateError(error)
        } catch {
            throw TemplateError(.templateFailed, "the chat template failed: \(error)")
        }
    }

    /// The text for a conversation in a JSON object, each of whose members the template is given; see
    /// ``variables(json:specialTokens:)``.
    ///
    /// - Throws: as ``render(_:clock:)`` does, and `malformedConversation` where `json` is no JSON object.
    public func render(json: [UInt8], clock: TemplateClock = .system) throws(TemplateError) -> String {
        try render(variables: Self.variables(json: json), clock: clock)
    }

    /// The special tokens where no tokenizer names any: `bos_token` is `<s>`, `eos_token` is `</s>`.
    public static let usualTokens: [String: TemplateValue] = ["bos_token": "<s>", "eos_token": "</s>"]

    /// The members of a JSON object and, where they are not there, `tools` and `documents` as null,
    /// `add_generation_prompt` as true, and special tokens.
    ///
    /// - Throws: `malformedConversation` where `json` is no JSON object.
    public static func variables(
        json: [UInt8], specialTokens: [String: TemplateValue] = usualTokens
    ) throws(TemplateError) -> [String: TemplateValue] {
        guard case .object(let members) = try TemplateValue(json: json) else {
            throw TemplateError(
                .malformedConversation, "the JSON is no object; give one with messages: {\"messages\": […]}")
        }
        var variables = specialTokens
        variables["add_generation_prompt"] = true
        variables["tools"] = .null
        variables["documents"] = .null
        for member in members { variables[member.name] = member.value }
        return variables
    }
}

extension TemplateError {
    fileprivate init(_ error: JinjaError) {
        let position = error.position ?? SourcePosition()
        let place = "line \(position.line), column \(position.column)"
        let message = error.message.unicodeScalars.count > 600 ? error.message.quoted : error.message
        switch error.kind {
        case .syntax:
            self.init(.malformedTemplate, "chat template, \(place): \(message); correct the template or use another")
        case .raised: self.init(.messagesRefused, "the chat template refuses the messages (\(place)): \(message)")
        case .evaluation, .limit:
            self.init(
                error.kind == .limit ? .limitReached : .templateFailed,
                "chat template, \(place): \(message); correct the messages or the template")
        }
    }
}
