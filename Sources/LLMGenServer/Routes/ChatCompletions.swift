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
    let reportsLogprobs: Bool
    let beams: BeamSearchParameters?

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        common = try CommonFields(&fields, state, request, context)
        let tokens = try ChatFields.tokens(&fields, common.entry, common.engine, state.options)
        reportsLogprobs = try fields.flag("logprobs") ?? false
        let top = try fields.integer("top_logprobs")
        guard top == nil || reportsLogprobs else {
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
        try ResponseFormat.check(&fields)
        let parameters = try SamplingFields.parameters(
            &fields, maxTokens: maxTokens.0 ?? maxTokens.1,
            logprobs: reportsLogprobs ? top ?? 0 : nil, promptLogprobs: ofPrompt, names: names)
        try fields.finish()
        generation = try Generation([tokens], parameters, common, names: names)
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
        return whole(UsageCount([output]), promptLogprobs: output.promptLogprobs, output.promptTokenIDs) { json in
            for sample in output.outputs {
                json.object { json in
                    json.member("index", sample.index)
                    message(sample.text, &json)
                    json.member("logprobs") { write(sample.logprobs, to: &$0) }
                    FinishReason.write(sample.finishReason, to: &json)
                    json.member("seed", Int(sample.seed))
                    if request.common.returnsTokenIDs { json.member("token_ids", sample.tokenIDs) }
                }
            }
        }
    }

    func whole(_ search: BeamSearchOutput) -> [UInt8] {
        var usage = UsageCount()
        usage.add(search.usage)
        return whole(usage, promptLogprobs: nil, search.promptTokenIDs) { json in
            for (index, beam) in search.beams.enumerated() {
                json.object { json in
                    json.member("index", index)
                    message(beam.text, &json)
                    json.member("logprobs") { $0.null() }
                    FinishReason.write(beam.finishReason, to: &json)
                    json.member("cumulative_logprob", finite(beam.cumulativeLogprob))
                    if request.common.returnsTokenIDs { json.member("token_ids", beam.tokenIDs) }
                }
            }
        }
    }

    private func message(_ text: String, _ json: inout JSONWriter) {
        json.member("message") { json in
            json.object { json in
                json.member("role", "assistant")
                json.member("content", text)
                json.member("refusal") { $0.null() }
            }
        }
    }

    private func whole(
        _ usage: UsageCount, promptLogprobs: [TokenLogprobs?]?, _ promptTokenIDs: [TokenID],
        _ choices: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            head.write(to: &json)
            json.member("choices") { $0.array(choices) }
            json.member("usage") { usage.write(to: &$0) }
            if let promptLogprobs {
                json.member("prompt_logprobs") { names.write(promptLogprobs: promptLogprobs, to: &$0) }
            }
            if request.common.returnsTokenIDs { json.member("prompt_token_ids", promptTokenIDs) }
        }
        return json.bytes
    }

    private func write(_ logprobs: [TokenLogprobs]?, to json: inout JSONWriter) {
        guard let logprobs else { return json.null() }
        json.object { json in
            json.member("content") { json in
                json.array { json in for entry in logprobs { names.write(entry, to: &json) } }
            }
            json.member("refusal") { $0.null() }
        }
    }

    // MARK: Events

    func begin(_ events: inout EventBuffer) {
        for choice in 0..<n {
            choices.event(choice, nil, &events) { json in
                json.member("delta") { json in
                    json.object { json in
                        json.member("role", "assistant")
                        json.member("content", "")
                    }
                }
                json.member("logprobs") { $0.null() }
            }
        }
    }

    mutating func append(_ piece: OutputPiece, prompt: Int, _ events: inout EventBuffer) {
        choices.count(piece)
        choices.event(
            piece.index, piece.finishReason, &events,
            { json in
                json.member("delta") { $0.object { $0.member("content", piece.text) } }
                json.member("logprobs") { write(piece.logprobs.map { [$0] }, to: &$0) }
                if request.common.returnsTokenIDs { json.member("token_ids", piece.tokenID.map { [$0] } ?? []) }
            },
            others: { json in
                guard let logprobs = piece.promptLogprobs else { return }
                json.member("prompt_logprobs") { names.write(promptLogprobs: logprobs, to: &$0) }
            })
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
