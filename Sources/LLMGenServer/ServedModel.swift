import LLMJSON
public import LLMGen
import Logging
import Synchronization

/// A model that a server is to serve: its names, and how its engine comes about.
public struct ServedModel: Sendable {
    /// The name that requests use, and that answers and metrics carry.
    public let name: String
    /// Further names that requests may use.
    public let aliases: [String]
    /// The chat template in the place of the model's own; nil for that.
    public let chatTemplate: ChatTemplate?
    /// The name of the dialect of tools in the place of the one that is found; nil for that.
    public let toolDialect: String?
    /// Loads the model and starts its engine.
    let load: @Sendable () async throws(LLMGenError) -> Engine

    /// A model that is loaded when the server starts; until then `/health` tells that it loads.
    public init(
        name: String, aliases: [String] = [], chatTemplate: ChatTemplate? = nil, toolDialect: String? = nil,
        load: @escaping @Sendable () async throws(LLMGenError) -> Engine
    ) {
        self.name = name
        self.aliases = aliases
        self.chatTemplate = chatTemplate
        self.toolDialect = toolDialect
        self.load = load
    }

    /// A model whose engine is there already.
    public init(
        name: String, aliases: [String] = [], chatTemplate: ChatTemplate? = nil, toolDialect: String? = nil,
        engine: Engine
    ) {
        self.init(name: name, aliases: aliases, chatTemplate: chatTemplate, toolDialect: toolDialect) {
            () throws(LLMGenError) in engine
        }
    }
}

/// The models of a server, loading or loaded.
struct ModelRegistry: Sendable {
    /// A model that is loaded, or not yet.
    final class Entry: Sendable {
        let model: ServedModel
        /// The requests that are served of it.
        let gate: RequestGate
        private let loaded = Mutex<(engine: Engine, dialogue: Dialogue)?>(nil)

        init(_ model: ServedModel) {
            self.model = model
            gate = RequestGate()
        }

        var name: String { model.name }
        var engine: Engine? { loaded.withLock { $0?.engine } }
        /// How the model converses, once it is loaded.
        var dialogue: Dialogue? { loaded.withLock { $0?.dialogue } }

        /// The prompt of a conversation, the model's answer to come next.
        ///
        /// - Parameters:
        ///   - field: the field that is at fault where something is wrong.
        ///   - place: what errors call the message at an index.
        func prompt(
            for input: ChatTemplateInput, _ engine: Engine, _ options: ServerOptions, addSpecialTokens: Bool = false,
            field: String, place: (Int) -> String = { "messages[\($0)]" }
        ) throws(ErrorResponse) -> (text: String, tokens: [TokenID]) {
            let text: String
            do throws(LLMGenError) {
                text = try engine.model.chatFormat.text(of: input, template: model.chatTemplate, place: place)
            } catch {
                throw ErrorResponse(error, field: field)
            }
            return (
                text, try tokens(of: .text(text), engine, options, addSpecialTokens: addSpecialTokens, field: field)
            )
        }

        /// The plan of the answer to a prompt.
        func plan(
            for prompt: String, _ tools: ToolFields, _ output: OutputFields, reasoningTokens: Int? = nil,
            earlierCalls: Int
        ) throws(ErrorResponse) -> AnswerPlan {
            guard let dialogue else { throw .loading(name) }
            do throws(LLMGenError) {
                return try dialogue.plan(
                    for: prompt, tools: tools.tools, choice: tools.choice, isParallel: tools.isParallel,
                    content: output.format, reasoningTokens: reasoningTokens, earlierCalls: earlierCalls)
            } catch {
                throw ErrorResponse(error, field: "tools")
            }
        }

        /// The tokens of a prompt, whose text is of bounded length.
        func tokens(
            of prompt: Prompt, _ engine: Engine, _ options: ServerOptions, addSpecialTokens: Bool = true, field: String
        ) throws(ErrorResponse) -> [TokenID] {
            if case .text(let text) = prompt { try options.check(text, field: field) }
            do throws(LLMGenError) {
                return try engine.model.tokens(of: prompt, addSpecialTokens: addSpecialTokens)
            } catch {
                throw ErrorResponse(error, field: field)
            }
        }

        func load() async throws(LLMGenError) {
            let engine = try await model.load()
            let dialogue = try Dialogue(engine.model, template: model.chatTemplate, dialect: model.toolDialect)
            if engine.model.tasks.contains(.generate) {
                Logger(label: "llmgen").info(
                    "dialect",
                    metadata: [
                        "model": "\(name)", "dialect": "\(dialogue.choice.dialect.name)",
                        "reason": "\(dialogue.choice.reason)",
                    ])
            }
            loaded.withLock { $0 = (engine, dialogue) }
        }
    }

    let entries: [Entry]
    private let byName: [String: Entry]

    /// - Throws: ``LLMGenError`` `invalidArgument` where there is no model, or two have a name in common.
    init(_ models: [ServedModel]) throws(LLMGenError) {
        guard !models.isEmpty else {
            throw LLMGenError(code: .invalidArgument, message: "there is no model to serve; name one")
        }
        entries = models.map(Entry.init)
        var byName: [String: Entry] = [:]
        for entry in entries {
            for name in [entry.name] + entry.model.aliases {
                guard byName.updateValue(entry, forKey: name) == nil else {
                    throw LLMGenError(
                        code: .invalidArgument,
                        message: "two models are called '\(name)'; give each names of its own (--model NAME=PATH)")
                }
            }
        }
        self.byName = byName
    }

    var engines: [Engine] { entries.compactMap(\.engine) }

    /// The model of that name; without a name the first.
    func entry(_ name: String?) throws(ErrorResponse) -> Entry {
        guard let name else { return entries[0] }
        if let entry = byName[name] { return entry }
        let known = entries.map { "'\($0.name)'" }.joined(separator: ", ")
        throw ErrorResponse(
            status: 404, code: "model_not_found",
            message: "there is no model \(name.quoted); known are \(known)", param: "model")
    }
}
