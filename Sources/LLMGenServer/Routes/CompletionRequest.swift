import Hummingbird
import LLMGen
import LLMJSON

/// A request to `/v1/completions`.
struct CompletionRequest: Sendable {
    let common: CommonFields
    let generation: Generation
    /// The prompts' texts, where the answer is to begin with them.
    let echoes: [String]?
    /// Whether each prompt was given as a text, not as token ids.
    let isText: [Bool]
    /// Tokens whose log probabilities are reported with each token; nil for no report.
    let logprobs: Int?
    /// Whether the prompts' log probabilities are reported in a member of their own.
    let reportsPromptLogprobs: Bool
    /// Whether nothing is to be generated, only the prompt to be looked at.
    let onlyPrompt: Bool
    let beams: BeamSearchParameters?

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        common = try CommonFields(&fields, state, request, context)
        let engine = common.engine
        let addsSpecialTokens = try fields.flag("add_special_tokens") ?? true
        let prompts = try CompletionRequest.prompts(
            &fields, common.entry, engine, state.options, addsSpecialTokens)
        let echo = try fields.flag("echo") ?? false
        let asked = try fields.integer("max_tokens")
        onlyPrompt = asked == 0 && echo
        logprobs = try fields.integer("logprobs")
        let ofPrompt = try fields.integer("prompt_logprobs")
        reportsPromptLogprobs = ofPrompt != nil
        try fields.refuse("suffix", unless: { $0 == .string("") }, "a text between two others cannot be generated here")
        let bestOf = try fields.integer("best_of")
        let output = try OutputFields(&fields)
        // A default must not make a request fail that has little room left.
        let longest = prompts.map(\.tokens.count).max() ?? 0
        let room = max(1, engine.lengthLimit - longest)
        let usual = engine.model.samplingDefaults.maxTokens ?? CompletionRequest.defaultMaxTokens
        let maxTokens = onlyPrompt ? 1 : asked ?? min(usual, room)
        beams = try BeamFields.parameters(&fields, engine, common, maxTokens: asked ?? maxTokens)
        if beams != nil { try BeamFields.refuse(output, logprobs: logprobs, ofPrompt, names: .completions) }
        let parameters = try SamplingFields.parameters(
            &fields, maxTokens: maxTokens, logprobs: logprobs, promptLogprobs: ofPrompt ?? (echo ? logprobs : nil),
            names: .completions)
        guard bestOf == nil || bestOf == parameters.n ?? 1 else {
            throw .invalid("best_of is \(bestOf ?? 0), other than n; leave it out", param: "best_of")
        }
        try fields.finish()
        generation = try Generation(prompts.map(\.tokens), parameters, output, common, names: .completions)
        let echoed = zip(prompts, generation.prepared).map { prompt, prepared in
            let tokens = prepared.promptTokenIDs
            if let text = prompt.text, tokens.count == prompt.tokens.count { return text }
            return engine.model.tokenizer?.decode(tokens, skipSpecialTokens: prompt.text != nil) ?? ""
        }
        echoes = echo ? echoed : nil
        isText = prompts.map { $0.text != nil }
    }

    /// Whether a stream tells of the prompts only when they are computed.
    var waitsForPrompt: Bool { generation.parameters.promptLogprobs != nil }

    /// OpenAI's and vLLM's.
    static let defaultMaxTokens = 16

    private struct PromptField {
        let text: String?
        let tokens: [TokenID]
    }

    /// `prompt`: a text, texts, token ids, or several prompts of token ids.
    private static func prompts(
        _ fields: inout RequestFields, _ entry: ModelRegistry.Entry, _ engine: Engine, _ options: ServerOptions,
        _ addsSpecialTokens: Bool
    ) throws(ErrorResponse) -> [PromptField] {
        try fields.prompts("prompt").map { prompt throws(ErrorResponse) in
            let tokens = try entry.tokens(
                of: prompt, engine, options, addSpecialTokens: addsSpecialTokens, field: "prompt")
            if case .text(let text) = prompt { return PromptField(text: text, tokens: tokens) }
            return PromptField(text: nil, tokens: tokens)
        }
    }
}

extension RequestFields {
    /// A text, texts, token ids, or several lists of token ids: what `prompt` and `input` may be.
    mutating func prompts(_ name: String) throws(ErrorResponse) -> [Prompt] {
        switch value(name) {
        case .string(let text)?: return [.text(text)]
        case .array(let elements)?:
            guard let first = elements.first else { throw invalid(name, "is empty; give a text or token ids") }
            if first.exactInteger != nil { return [.tokenIDs(try tokenIDs(elements, name))] }
            var prompts: [Prompt] = []
            for (index, element) in elements.enumerated() {
                switch element {
                case .string(let text): prompts.append(.text(text))
                case .array(let ids): prompts.append(.tokenIDs(try tokenIDs(ids, "\(name)[\(index)]")))
                default:
                    throw invalid(
                        "\(name)[\(index)]", "is \(element.kindName); it must be a text or a list of token ids",
                        code: "invalid_type")
                }
            }
            return prompts
        case nil: throw invalid(name, "is missing; give a text or token ids", code: "missing_field")
        case let value?:
            throw invalid(name, "is \(value.kindName); it must be a text or token ids", code: "invalid_type")
        }
    }
}

/// `use_beam_search` and `length_penalty`.
enum BeamFields {
    static func parameters(
        _ fields: inout RequestFields, _ engine: Engine, _ common: CommonFields, maxTokens: Int
    ) throws(ErrorResponse) -> BeamSearchParameters? {
        let isAsked = try fields.flag("use_beam_search") ?? false
        let penalty = try fields.number("length_penalty")
        guard isAsked else { return nil }
        guard common.stream == nil else {
            throw .invalid("use_beam_search has no answer before its end; leave stream out", param: "use_beam_search")
        }
        guard let width = fields.peek("n")?.exactInteger else {
            throw .invalid("use_beam_search needs n, the number of beams, a whole number", param: "n")
        }
        let nothing: Set<JSONValue> = [.array([]), .object([:]), .integer(0)]
        for name in [
            "stop", "stop_token_ids", "min_tokens", "bad_words", "allowed_token_ids", "logit_bias",
            "repetition_detection",
        ] {
            try fields.refuse(name, unless: { nothing.contains($0) }, "a beam search does not take it; leave it out")
        }
        // What shapes the distribution plays no part, and must not make n beams one too many.
        fields.ignore("temperature")
        let ignoresEOS = fields.peek("ignore_eos") == .flag(true)
        do throws(LLMGenError) {
            return try BeamSearchParameters(
                beamWidth: width, maxTokens: maxTokens, lengthPenalty: penalty ?? 1, ignoreEOS: ignoresEOS)
        } catch {
            throw ErrorResponse(error, field: "use_beam_search")
        }
    }

    /// Refuses log probabilities and a form of the answer, which a search does not keep.
    static func refuse(
        _ output: OutputFields, logprobs: Int?, _ ofPrompt: Int?, names: FieldNames
    ) throws(ErrorResponse) {
        guard output.isText else {
            throw ErrorResponse(
                status: 400, code: "unsupported_value",
                message: "\(output.param) is given; a beam search keeps no form, leave it out", param: output.param)
        }
        for (name, value) in [(names.logprobs, logprobs), ("prompt_logprobs", ofPrompt)] where value != nil {
            throw ErrorResponse(
                status: 400, code: "unsupported_value",
                message: "\(name) is given; a beam search keeps none, leave it out", param: name)
        }
    }
}
