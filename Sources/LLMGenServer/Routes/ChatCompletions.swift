import Hummingbird
import LLMGen
import LLMJSON

/// `POST /v1/chat/completions`: the model's answer in a conversation.
struct ChatCompletions {
    let state: ServerState

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let departure = try await context.departure
        let chat = try await request.parse(state.options) { [state] fields in
            try ChatRequest(&fields, state, request, context)
        }
        let format = ChatFormatting(chat)
        if let beams = chat.beams { return .json(format.whole(try await chat.generation.search(beams, departure)[0])) }
        return try await chat.generation.respond(format, chat.common, departure, context.record)
    }
}

/// A request to `/v1/chat/completions`.
struct ChatRequest: Sendable {
    let common: CommonFields
    let generation: Generation
    let beams: BeamSearchParameters?

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        common = try CommonFields(&fields, state, request, context)
        let tokens = try ChatFields.tokens(&fields, common.entry, common.engine, state.options)
        let reportsLogprobs = try fields.flag("logprobs") ?? false
        let top = try fields.integer("top_logprobs")
        guard top ?? 0 == 0 || reportsLogprobs else {
            throw .invalid("top_logprobs is given without logprobs; set logprobs to true", param: "top_logprobs")
        }
        let maxTokens = (try fields.integer("max_completion_tokens"), try fields.integer("max_tokens"))
        let names = maxTokens.0 == nil && maxTokens.1 != nil ? FieldNames.olderChat : .chat
        let ofPrompt = try fields.integer("prompt_logprobs")
        let room = max(1, common.engine.lengthLimit - tokens.count)
        beams = try BeamFields.parameters(
            &fields, common.engine, common, maxTokens: maxTokens.0 ?? maxTokens.1 ?? room)
        try fields.refuse("echo", unless: { $0 == .flag(false) }, "a conversation is not repeated here")
        try fields.refuse("modalities", unless: { $0 == .array([.string("text")]) }, "only text is generated here")
        try fields.refuse("functions", unless: { $0 == .array([]) }, "use tools")
        try fields.refuse("function_call", unless: { $0 == .string("none") }, "use tool_choice")
        // Hints, which change nothing of what is right.
        fields.ignore("verbosity", "prediction")
        let output = try OutputFields(&fields)
        if beams != nil {
            try BeamFields.refuse(output, logprobs: reportsLogprobs ? 0 : nil, ofPrompt, names: .completions)
        }
        let parameters = try SamplingFields.parameters(
            &fields, maxTokens: maxTokens.0 ?? maxTokens.1,
            logprobs: reportsLogprobs ? top ?? 0 : nil, promptLogprobs: ofPrompt, names: names)
        try fields.finish()
        generation = try Generation([tokens], parameters, output, common, names: names)
    }
}

/// How answers of `/v1/chat/completions` are written, whole or as events.
struct ChatFormatting: AnswerFormat {
    private let request: ChatRequest
    private let head: AnswerHead
    private let names: TokenNames
    private let n: Int
    private var choices: ChoiceEvents

    init(_ request: ChatRequest) {
        self.request = request
        head = AnswerHead("chatcmpl", object: "chat.completion", model: request.common.entry.name)
        names = TokenNames(engine: request.common.engine, byID: request.common.namesTokensByID)
        n = request.generation.parameters.n ?? 1
        choices = ChoiceEvents(head, object: "chat.completion.chunk", request.common, request.generation)
    }

    // MARK: The whole

    func whole(_ outputs: [RequestOutput]) -> [UInt8] {
        // A conversation is one prompt.
        let output = outputs[0]
        let opening = ChoicePart.Opening(promptLogprobs: output.promptLogprobs)
        return whole(UsageCount([output]), output.outputs.map { ChoicePart($0, of: output, prompt: 0) }, opening)
    }

    func whole(_ search: BeamSearchOutput) -> [UInt8] {
        var usage = UsageCount()
        usage.add(search.usage)
        let parts = search.beams.enumerated().map { ChoicePart($1, index: $0, prompt: 0) }
        return whole(usage, parts, ChoicePart.Opening())
    }

    private func whole(_ usage: UsageCount, _ parts: [ChoicePart], _ opening: ChoicePart.Opening) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            head.write(to: &json)
            json.member("choices") { json in
                json.array { json in for part in parts { write(part, as: "message", to: &json) } }
            }
            json.member("usage") { usage.write(to: &$0) }
            if let logprobs = opening.promptLogprobs { write(promptLogprobs: logprobs, to: &json) }
            writePromptTokens(to: &json)
        }
        return json.bytes
    }

    // MARK: Events

    func begin(_ events: inout EventBuffer) {
        for sample in 0..<n {
            let part = ChoicePart(prompt: 0, sample: sample, opening: ChoicePart.Opening())
            choices.event(&events) {
                write(part, as: "delta", to: &$0)
            } beside: {
                if sample == 0 { writePromptTokens(to: &$0) }
            }
        }
    }

    mutating func append(_ piece: OutputPiece, prompt: Int, _ events: inout EventBuffer) {
        choices.count(piece)
        let part = ChoicePart(piece, prompt: prompt, of: request.generation.prepared[prompt])
        choices.event(&events) {
            write(part, as: "delta", to: &$0)
        } beside: {
            if let logprobs = piece.promptLogprobs { write(promptLogprobs: logprobs, to: &$0) }
        }
    }

    // MARK: A choice, and what stands beside it

    private func write(_ part: ChoicePart, as message: String, to json: inout JSONWriter) {
        json.object { json in
            json.member("index", part.sample)
            json.member(message) { json in
                json.object { json in
                    if part.opening != nil { json.member("role", "assistant") }
                    json.member("content", part.text)
                    if part.opening != nil { json.member("refusal") { $0.null() } }
                }
            }
            json.member("logprobs") { json in
                guard !part.logprobs.isEmpty else { return json.null() }
                json.object { json in
                    json.member("content") { json in
                        json.array { json in for entry in part.logprobs { names.write(entry, to: &json) } }
                    }
                    json.member("refusal") { $0.null() }
                }
            }
            part.writeEnding(to: &json)
            if request.common.returnsTokenIDs { json.member("token_ids", part.tokenIDs) }
        }
    }

    private func write(promptLogprobs: [TokenLogprobs?], to json: inout JSONWriter) {
        json.member("prompt_logprobs") { names.write(promptLogprobs: promptLogprobs, to: &$0) }
    }

    private func writePromptTokens(to json: inout JSONWriter) {
        guard request.common.returnsTokenIDs else { return }
        json.member("prompt_token_ids", request.generation.prepared[0].promptTokenIDs)
    }

    func end(_ events: inout EventBuffer) { choices.end(&events) }

    func fail(_ error: ErrorResponse, _ events: inout EventBuffer) { events.event(error.body) }
}

extension TokenNames {
    /// A token's log probabilities in the form of `/v1/chat/completions`.
    func write(_ entry: TokenLogprobs, to json: inout JSONWriter) {
        json.object { json in
            write(entry.chosen, &json)
            json.member("top_logprobs") { json in
                json.array { json in for candidate in entry.top { json.object { write(candidate, &$0) } } }
            }
        }
    }

    private func write(_ candidate: TokenLogprob, _ json: inout JSONWriter) {
        json.member("token", name(candidate.tokenID))
        json.member("logprob", finite(candidate.logprob))
        json.member("bytes") { json in
            json.array { json in for byte in bytes(candidate.tokenID) { json.value(byte) } }
        }
    }
}
