public import LLMDialects
import LLMTokenizer

/// The dialect of a model, and why it is this one.
public typealias DialectChoice = LLMDialects.DialectChoice
/// How a family of models writes calls of tools and reasoning.
public typealias ToolDialect = LLMDialects.ToolDialect

/// How a model converses: its chat template, and the dialect of what it writes.
public struct Dialogue: Sendable {
    /// The model.
    public let model: LanguageModel
    /// The template in the place of the model's own; nil for that.
    public let template: ChatTemplate?
    /// The dialect, and why it is this one.
    public let choice: DialectChoice
    /// Special tokens that are marks of the dialect.
    private let keptTokens: Set<TokenID>

    /// Finds out how a model converses.
    ///
    /// - Parameters:
    ///   - template: takes the place of the model's own.
    ///   - dialect: the name of the dialect in the place of the one that is found.
    /// - Throws: ``LLMGenError`` `invalidArgument` for a name of no dialect.
    public init(_ model: LanguageModel, template: ChatTemplate? = nil, dialect: String? = nil) throws(LLMGenError) {
        self.model = model
        self.template = template
        let tokenizer = model.tokenizer
        if let dialect {
            guard let known = ToolDialect.named(dialect) else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message: "'\(dialect.prefix(40))' is no dialect of tools; known are "
                        + ToolDialect.known.map(\.name).joined(separator: ", "))
            }
            choice = DialectChoice(known, "as it was asked for")
        } else {
            let own = template ?? (try? model.chatFormat.template(hasTools: true))
            choice = DialectChoice(template: own, responseTemplate: model.chatFormat.responseTemplate) { mark in
                (try? tokenizer?.encode(mark, addSpecialTokens: false))?.count == 1
            }
        }
        var kept: Set<TokenID> = []
        if let tokenizer {
            for id in 0..<TokenID(model.vocabularySize) {
                if case .special(let name) = tokenizer.text(of: id), choice.dialect.hasMark(name) { kept.insert(id) }
            }
        }
        keptTokens = kept
    }

    /// The prompt's text for a conversation.
    public func text(of input: ChatTemplateInput) throws(LLMGenError) -> String {
        try model.chatFormat.text(of: input, template: template)
    }

    /// Plans the answer to a prompt.
    ///
    /// - Parameters:
    ///   - prompt: the prompt's text, or its end.
    ///   - isParallel: whether there may be several calls.
    ///   - content: the form of what the model says, which begins after what it thinks.
    ///   - reasoningTokens: how many tokens the reasoning may have.
    ///   - earlierCalls: how many calls the conversation has, from which some dialects count on.
    /// - Throws: ``LLMGenError`` `invalidInput` where there are tools and the dialect has no calls, or a choice names a tool
    ///   that there is not.
    public func plan(
        for prompt: String, tools: [Tool] = [], choice: ToolChoice = .auto, isParallel: Bool = true,
        content: OutputFormat = .text, reasoningTokens: Int? = nil, earlierCalls: Int = 0
    ) throws(LLMGenError) -> AnswerPlan {
        let asked = try CallsAsked(tools, choice)
        var dialect = self.choice.dialect
        if asked.tools.isEmpty {
            dialect.calls = nil
        } else if dialect.calls == nil {
            throw LLMGenError(
                code: .invalidInput,
                message:
                    "tools are given, and how '\(model.name)' calls tools is not known: \(self.choice.reason); leave "
                    + "them out, or name the model's dialect (--tool-dialect)", field: "tools")
        }
        let isPlain =
            dialect.calls == nil && dialect.reasoning == nil && dialect.framing == nil && dialect.wrappers.isEmpty
        let declared = asked.tools.map { ToolDeclaration($0.name, schema: $0.schema) }
        let parser = isPlain ? nil : DialectParser(dialect, tools: declared, promptTail: prompt)
        let begun = parser?.begun ?? ""
        let budget = try budget(reasoningTokens, dialect, isOpen: begun == dialect.reasoning?.open)
        var output = content
        let writesMore = dialect.reasoning != nil && !dialect.closesReasoning(prompt) || dialect.framing != nil
        if !asked.tools.isEmpty || writesMore && !content.isText {
            if !writesMore { dialect.reasoning = nil }
            output = .answer(
                AnswerForm(
                    dialect: dialect, tools: asked.tools, isRequired: asked.isRequired,
                    isParallel: isParallel && !asked.isNamed, begun: begun, content: content,
                    isOptional: choice == .auto && content.isText && !tools.contains { $0.isStrict }))
        }
        return AnswerPlan(
            tools: asked.tools, isNamed: asked.isNamed, output: output, parser: parser,
            ids: dialect.calls?.ids ?? .usual, earlierCalls: earlierCalls, keptTokens: isPlain ? [] : keptTokens,
            budget: budget)
    }

    private func budget(_ limit: Int?, _ dialect: ToolDialect, isOpen: Bool) throws(LLMGenError) -> ReasoningBudget? {
        guard let limit else { return nil }
        guard limit >= 0 else {
            throw LLMGenError(
                code: .invalidArgument, message: "thinking_token_budget is \(limit); it must be 0 or more",
                field: "thinking_token_budget")
        }
        guard let reasoning = dialect.reasoning, let tokenizer = model.tokenizer,
            let closing = try? tokenizer.encode(reasoning.close, addSpecialTokens: false), !closing.isEmpty
        else {
            throw LLMGenError(
                code: .invalidInput,
                message: "thinking_token_budget is given, and '\(model.name)' writes no reasoning between two marks; "
                    + "leave it out", field: "thinking_token_budget")
        }
        return ReasoningBudget(
            limit: limit, open: isOpen ? [] : Array(reasoning.open.utf8), close: Array(reasoning.close.utf8),
            closing: closing, tokenizer: tokenizer)
    }
}

/// What a choice of tools comes to.
private struct CallsAsked {
    /// The tools that may be called.
    var tools: [Tool]
    var isRequired = false
    var isNamed = false

    init(_ tools: [Tool], _ choice: ToolChoice) throws(LLMGenError) {
        self.tools = tools
        if let twice = Dictionary(grouping: tools, by: \.name).first(where: { $0.value.count > 1 }) {
            throw LLMGenError(
                code: .invalidArgument, message: "two tools have the name \(twice.key.quoted); give each its own",
                field: "tools")
        }
        switch choice {
        case .none: self.tools = []
        case .auto: break
        case .required:
            isRequired = true
            guard !tools.isEmpty else {
                throw CallsAsked.fault("a call is required, and there are no tools; give some")
            }
        case .named(let name):
            (isRequired, isNamed) = (true, true)
            self.tools = try CallsAsked.tools([name], of: tools)
        case .allowed(let names, let isRequired):
            self.isRequired = isRequired
            guard !names.isEmpty else { throw CallsAsked.fault("no tool is allowed; name some, or choose none") }
            self.tools = try CallsAsked.tools(names, of: tools)
        }
    }

    private static func tools(_ names: [String], of tools: [Tool]) throws(LLMGenError) -> [Tool] {
        if let unknown = names.first(where: { name in !tools.contains { $0.name == name } }) {
            let known = tools.isEmpty ? "none" : tools.map(\.name.quoted).joined(separator: ", ")
            throw fault("there is no tool \(unknown.quoted); those given are: \(known)")
        }
        return tools.filter { names.contains($0.name) }
    }

    private static func fault(_ problem: String) -> LLMGenError {
        LLMGenError(code: .invalidArgument, message: problem, field: "tool_choice")
    }
}
