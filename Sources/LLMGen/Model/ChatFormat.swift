import Foundation
import LLMJSON
public import LLMTemplate
import LLMTokenizer
import Synchronization

/// Turns messages into the text that a model was trained on.
public typealias ChatTemplate = LLMTemplate.ChatTemplate
/// What a chat template is rendered for.
public typealias ChatTemplateInput = LLMTemplate.ChatTemplateInput
/// The chat templates of a model folder.
public typealias ChatTemplateSet = LLMTemplate.ChatTemplateSet
/// The time that a chat template's `strftime_now` tells.
public typealias TemplateClock = LLMTemplate.TemplateClock
/// A value that a chat template is given: what JSON can say.
public typealias TemplateValue = LLMTemplate.TemplateValue

/// How conversations are written for a model: the chat templates that it brings, and the special tokens that they may
/// name.
///
/// Files that are damaged are an error where a conversation is rendered, not before: the model can continue texts
/// without them.
public struct ChatFormat: Sendable {
    /// What errors call the model.
    private let model: String
    private let templates: Result<ChatTemplateSet, TemplateError>
    private let parsed = ParsedTemplates()

    /// The templates that have been asked for, by whether there are tools: each is parsed once, and what it reads of
    /// messages found once.
    private final class ParsedTemplates: Sendable {
        let byTools = Mutex<[Bool: ChatTemplate]>([:])
    }

    /// No model's: there is no template, and the special tokens are ``ChatTemplate/usualTokens``.
    public init() {
        var templates = ChatTemplateSet("", specialTokens: ChatTemplate.usualTokens)
        templates.texts = [:]
        model = "no model"
        self.templates = .success(templates)
    }

    /// The templates of a model, which `read` finds in its files.
    init(model: String, _ read: () throws(TemplateError) -> ChatTemplateSet) {
        self.model = model
        templates = Result(catching: read)
    }

    /// The model's template; `tool_use` where there are tools and one of that name, else `default`.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput` where there is none, or none that can be read.
    public func template(hasTools: Bool = false) throws(LLMGenError) -> ChatTemplate {
        if let template = parsed.byTools.withLock({ $0[hasTools] }) { return template }
        let template: ChatTemplate?
        do {
            template = try templates.get().template(hasTools: hasTools)
        } catch {
            throw LLMGenError(error)
        }
        if let template {
            parsed.byTools.withLock { $0[hasTools] = template }
            return template
        }
        throw LLMGenError(
            code: .invalidInput,
            message: "'\(model)' has no chat template, so it is not told how conversations are written; "
                + "name a file with one (--chat-template FILE), or use a model that brings one")
    }

    /// `response_template` of `tokenizer_config.json`, which describes what the model writes.
    var responseTemplate: JSONValue? { (try? templates.get())?.responseTemplate }

    /// The template of a file, which takes the place of a model's own.
    ///
    /// - Throws: ``LLMGenError`` `notFound`, or `invalidInput` with line and column.
    public static func template(file path: String) throws(LLMGenError) -> ChatTemplate {
        do {
            return try ChatTemplateSet.template(file: URL(fileURLWithPath: path))
        } catch {
            throw LLMGenError(error)
        }
    }

    /// The text for a conversation, whose messages may be as OpenAI's API has them: the template gets them in the form that
    /// it reads (``ChatTemplate/messages(_:place:)``). The template may name the model's special tokens; those of the input
    /// go before them.
    ///
    /// - Parameters:
    ///   - template: takes the place of the model's own.
    ///   - place: what errors call the message at an index.
    /// - Throws: ``LLMGenError`` `invalidInput` where there is no template, a message has no form that it reads, it refuses
    ///   the messages or fails; the field is the message's place, where it is one message.
    public func text(
        of input: ChatTemplateInput, template: ChatTemplate? = nil, clock: TemplateClock = .system,
        place: (Int) -> String = { "messages[\($0)]" }
    ) throws(LLMGenError) -> String {
        let chosen: ChatTemplate =
            if let template { template } else { try self.template(hasTools: input.tools != nil) }
        var input = input
        let sent = input.messages
        input.messages = try messages(sent, of: chosen, place)
        if let tools = input.tools {
            do throws(MessageError) {
                input.tools = try ChatTemplate.tools(tools)
            } catch {
                throw LLMGenError(error)
            }
        }
        do throws(TemplateError) {
            input.specialTokens.merge(try templates.get().specialTokens) { own, _ in own }
            return try chosen.render(input, clock: clock)
        } catch {
            input.messages = sent
            // At a limit, rendering beginnings of the conversation would cost as much again each time.
            guard error.code == .messagesRefused || error.code == .templateFailed,
                let index = refusedMessage(input, chosen, error, clock)
            else {
                throw LLMGenError(error)
            }
            throw LLMGenError(
                code: .invalidInput, message: "\(place(index)): \(error.message)", cause: error, field: place(index))
        }
    }

    /// Messages in the form that a template reads.
    private func messages(
        _ messages: [TemplateValue], of template: ChatTemplate, _ place: (Int) -> String
    ) throws(LLMGenError) -> [TemplateValue] {
        guard !messages.isEmpty else {
            throw LLMGenError(
                code: .invalidInput, message: "messages is empty; give at least one message", field: "messages")
        }
        do throws(MessageError) {
            return try template.messages(messages, place: place)
        } catch {
            throw LLMGenError(error)
        }
    }

    /// The message, as it was sent, with which the conversation begins to be refused as the whole of it is; nil where that
    /// is not found out, or the conversation is long.
    private func refusedMessage(
        _ input: ChatTemplateInput, _ template: ChatTemplate, _ error: TemplateError, _ clock: TemplateClock
    ) -> Int? {
        guard input.messages.count <= 64, !input.continuesFinalMessage else { return nil }
        return input.messages.indices.first { index in
            var beginning = input
            guard let messages = try? template.messages(Array(input.messages[...index])) else { return false }
            beginning.messages = messages
            do throws(TemplateError) {
                _ = try template.render(beginning, clock: clock)
                return false
            } catch let fault {
                return fault == error
            }
        }
    }

    /// The text for a conversation in a JSON object, each of whose members the template is given: `messages` and, where
    /// they are not there, `tools` and `documents` as null, `add_generation_prompt` as true and the model's special tokens.
    ///
    /// - Parameters:
    ///   - template: takes the place of the model's own.
    ///   - verbatim: whether the template gets the messages as they are.
    /// - Throws: ``LLMGenError`` `invalidInput` where `json` is no JSON object, there is no template, it refuses the
    ///   messages or fails.
    public func text(
        json: [UInt8], template: ChatTemplate? = nil, verbatim: Bool = false, clock: TemplateClock = .system
    ) throws(LLMGenError) -> String {
        var variables: [String: TemplateValue]
        do throws(TemplateError) {
            variables = try ChatTemplate.variables(json: json, specialTokens: try templates.get().specialTokens)
        } catch {
            throw LLMGenError(error)
        }
        if !verbatim, case .array(let messages)? = variables.removeValue(forKey: "messages") {
            var input = ChatTemplateInput(messages: messages)
            input.tools = try Self.list("tools", &variables)
            input.documents = try Self.list("documents", &variables)
            if case .bool(false)? = variables.removeValue(forKey: "add_generation_prompt") {
                input.addsGenerationPrompt = false
            }
            input.extraVariables = variables
            return try text(of: input, template: template, clock: clock)
        }
        var hasTools = true
        if case .null? = variables["tools"] { hasTools = false }
        let chosen: ChatTemplate = if let template { template } else { try self.template(hasTools: hasTools) }
        do throws(TemplateError) {
            return try chosen.render(variables: variables, clock: clock)
        } catch {
            throw LLMGenError(error)
        }
    }
}

extension ChatFormat {
    /// Takes a list out of variables; nil where it is null.
    private static func list(
        _ name: String, _ variables: inout [String: TemplateValue]
    ) throws(LLMGenError) -> [TemplateValue]? {
        switch variables.removeValue(forKey: name) {
        case .array(let elements)?: return elements
        case .null?, nil: return nil
        default: throw LLMGenError(code: .invalidInput, message: "\(name) is no list; give one, or null", field: name)
        }
    }
}

extension LLMGenError {
    fileprivate init(_ error: MessageError) {
        self.init(code: .invalidInput, message: error.message, cause: error, field: error.place)
    }
}

extension LanguageModel {
    /// The prompt that has the model answer a conversation: the text of its chat template, encoded as it is. Special
    /// tokens are where the template writes them and nowhere else.
    ///
    /// - Parameter template: takes the place of the model's own.
    /// - Throws: ``LLMGenError`` `invalidInput` where there is no template, it refuses the messages or fails, or the model
    ///   has no tokenizer.
    public func prompt(
        for input: ChatTemplateInput, template: ChatTemplate? = nil, clock: TemplateClock = .system
    ) throws(LLMGenError) -> Prompt {
        let text = try chatFormat.text(of: input, template: template, clock: clock)
        return .tokenIDs(try tokens(of: .text(text), addSpecialTokens: false))
    }
}
