import Foundation
import LLMGen
import LLMJSON

/// One line of a prompt file: a prompt, and request parameters that go before those of the command line.
struct PromptLine {
    private let source: Source
    let sampling: SamplingDraft
    /// Priority, time limit and salt of the line's request.
    let options: RequestOptions
    /// The form of the output, free text included; nil where the line says none.
    let output: OutputFormat?

    /// What is continued: a prompt, or a conversation that the model's chat template writes.
    private enum Source {
        case prompt(Prompt)
        case conversation(ChatTemplateInput)
    }

    /// The members of a line.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput` for what is no JSON object.
    static func fields(of data: Data) throws(LLMGenError) -> JSONFields<LLMGenError> {
        guard String(validating: data, as: UTF8.self) != nil else {
            throw PromptLine.error("the line is not UTF-8 text; convert it first")
        }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(Array(data), part: "the line", takesAnyText: true)
        } catch {
            throw PromptLine.error("\(error.message); give a JSON object")
        }
        guard case .object(let members) = value else {
            throw PromptLine.error("the line is \(value.kindName); give a JSON object")
        }
        return JSONFields(members)
    }

    /// - Parameter fields: the members, without the line's id.
    /// - Throws: ``LLMGenError`` `invalidInput` with the line's fault.
    init(_ fields: inout JSONFields<LLMGenError>) throws(LLMGenError) {
        let messages = try fields.array("messages")?.map(TemplateValue.init)
        let tools = try fields.array("tools")?.map(TemplateValue.init)
        switch (try fields.text("prompt"), try fields.tokenIDs("prompt_token_ids"), messages) {
        case (let text?, nil, nil): source = .prompt(.text(text))
        case (nil, let ids?, nil): source = .prompt(.tokenIDs(ids))
        case (nil, nil, let messages?): source = .conversation(ChatTemplateInput(messages: messages, tools: tools))
        default: throw PromptLine.error("give one of prompt, prompt_token_ids and messages")
        }
        if tools != nil, messages == nil { throw fields.invalid("tools", "is given without messages; leave it out") }
        let timeout = try fields.number("timeout")
        if let timeout, !(timeout > 0 && timeout <= 1e9) {
            throw fields.invalid("timeout", "is \(timeout); it must be above 0 and at most 1e9 seconds")
        }
        options = RequestOptions(
            priority: try fields.integer("priority") ?? 0, timeout: timeout.map { .seconds($0) },
            cacheSalt: try fields.text("cache_salt"))
        let form = try OutputFields(&fields)
        output = form.isGiven ? form.format : nil
        var draft = SamplingDraft()
        for parameter in SamplingParameters.all {
            guard let value = fields.value(parameter.name) else { continue }
            do throws(SamplingError) {
                try draft.set(parameter.name, to: value)
            } catch {
                throw PromptLine.error(error.message)
            }
        }
        sampling = draft
        try fields.finish()
    }

    /// The tokens that are continued.
    func tokens(_ engine: Engine) throws(LLMGenError) -> [TokenID] {
        switch source {
        case .prompt(let prompt): try engine.tokens(of: prompt)
        case .conversation(let input): try engine.tokens(of: engine.model.prompt(for: input))
        }
    }

    private static func error(_ message: String) -> LLMGenError {
        LLMGenError(code: .invalidInput, message: message)
    }
}

/// What a line calls itself, a text or a whole number, which comes back in its object.
enum LineID: Encodable {
    case text(String)
    case number(Int)

    init?(_ fields: inout JSONFields<LLMGenError>) throws(LLMGenError) {
        switch fields.value("id") {
        case nil: return nil
        case .string(let text)?: self = .text(text)
        case .integer(let number)?: self = .number(number)
        case let value?: throw fields.invalid("id", "is \(value.kindName); it must be a text or a whole number")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        }
    }
}
