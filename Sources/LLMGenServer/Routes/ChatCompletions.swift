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
    let tools: ToolFields
    let plan: AnswerPlan

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        common = try CommonFields(&fields, state, request, context)
        let chat = try ChatFields(&fields)
        tools = chat.tools
        let (prompt, tokens) = try chat.prompt(common.entry, common.engine, state.options)
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
        let reasoningTokens = try fields.integer("thinking_token_budget")
        try fields.refuse("function_call", unless: { $0 == .string("none") }, "use tool_choice")
        // Hints, which change nothing of what is right.
        fields.ignore("verbosity", "prediction")
        let output = try OutputFields(&fields)
        if beams != nil {
            guard tools.isEmpty else {
                throw .invalid("tools are given; a beam search calls none, leave them out", param: "tools")
            }
            try BeamFields.refuse(output, logprobs: reportsLogprobs ? 0 : nil, ofPrompt, names: .completions)
        }
        let parameters = try SamplingFields.parameters(
            &fields, maxTokens: maxTokens.0 ?? maxTokens.1,
            logprobs: reportsLogprobs ? top ?? 0 : nil, promptLogprobs: ofPrompt, names: names)
        try fields.finish()
        plan = try common.entry.plan(
            for: prompt, tools, output, reasoningTokens: reasoningTokens, earlierCalls: chat.input.messages.callCount)
        generation = try Generation([tokens], parameters, output, common, plan: plan, names: names)
    }
}

/// How answers of `/v1/chat/completions` are written, whole or as events.
struct ChatFormatting: AnswerFormat {
    private let request: ChatRequest
    private let head: AnswerHead
    private let names: TokenNames
    private let n: Int
    private var choices: ChoiceEvents
    /// What tells the samples' answers apart.
    private var readers: [AnswerReader]

    init(_ request: ChatRequest) {
        self.request = request
        head = AnswerHead("chatcmpl", object: "chat.completion", model: request.common.entry.name)
        names = TokenNames(engine: request.common.engine, byID: request.common.namesTokensByID)
        n = request.generation.parameters.n ?? 1
        choices = ChoiceEvents(head, object: "chat.completion.chunk", request.common, request.generation)
        let prepared = request.generation.prepared[0]
        readers = (0..<n).map { request.plan.reader(of: prepared, sample: $0) }
    }

    // MARK: The whole

    mutating func take(_ piece: OutputPiece, prompt: Int) { _ = readers[piece.index].append(piece) }

    func whole(_ outputs: [RequestOutput]) -> [UInt8] {
        // A conversation is one prompt.
        let output = outputs[0]
        let opening = ChoicePart.Opening(promptLogprobs: output.promptLogprobs)
        var usage = UsageCount([output])
        usage.reasoning = reasoningTokens
        let parts = output.outputs.map { (ChoicePart($0, of: output, prompt: 0), readers[$0.index].answer) }
        return whole(usage, parts, opening)
    }

    private var reasoningTokens: Int { readers.reduce(0) { $0 + $1.answer.reasoningTokens } }

    func whole(_ search: BeamSearchOutput) -> [UInt8] {
        var usage = UsageCount()
        usage.add(search.usage)
        let parts = search.beams.enumerated().map { index, beam in
            (ChoicePart(beam, index: index, prompt: 0), Answer(content: beam.text))
        }
        return whole(usage, parts, ChoicePart.Opening())
    }

    private func whole(
        _ usage: UsageCount, _ parts: [(part: ChoicePart, answer: Answer)], _ opening: ChoicePart.Opening
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            head.write(to: &json)
            json.member("choices") { json in
                json.array { json in
                    for (part, answer) in parts {
                        write(part, as: "message", to: &json) { write(answer, to: &$0) }
                    }
                }
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
                write(part, as: "delta", to: &$0) { $0.member("content", "") }
            } beside: {
                if sample == 0 { writePromptTokens(to: &$0) }
            }
        }
    }

    mutating func append(_ piece: OutputPiece, prompt: Int, _ events: inout EventBuffer) {
        let parts = readers[piece.index].append(piece)
        var deltas = ChatDelta.deltas(of: parts, readers[piece.index].answer, request.tools)
        choices.count(piece)
        choices.count(reasoning: reasoningTokens)
        // The piece's token belongs to the first of what it settles, the end to the last.
        var part = ChoicePart(piece, prompt: prompt, of: request.generation.prepared[prompt])
        let ending = part.ending
        if deltas.isEmpty {
            let hasNews = ending != nil || !part.logprobs.isEmpty || piece.promptLogprobs != nil
            guard request.plan.isPlain || hasNews || request.common.returnsTokenIDs else { return }
            deltas = [request.plan.isPlain ? .content("") : .nothing]
        }
        for (index, delta) in deltas.enumerated() {
            part.ending = index == deltas.count - 1 ? ending : nil
            choices.event(&events) {
                write(part, as: "delta", to: &$0) { delta.write(to: &$0) }
            } beside: {
                if index == 0, let logprobs = piece.promptLogprobs { write(promptLogprobs: logprobs, to: &$0) }
            }
            (part.tokenIDs, part.logprobs) = ([], [])
        }
    }

    // MARK: A choice, and what stands beside it

    /// - Parameter body: writes what is said.
    private func write(
        _ part: ChoicePart, as message: String, to json: inout JSONWriter, _ body: (inout JSONWriter) -> Void
    ) {
        let answer = readers[part.sample].answer
        json.object { json in
            json.member("index", part.sample)
            json.member(message) { json in
                json.object { json in
                    if part.opening != nil { json.member("role", "assistant") }
                    body(&json)
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
            part.writeEnding(calls: answer.hasWholeCalls && !request.plan.isNamed, to: &json)
            if part.ending != nil, answer.hasUnparsed { json.member("unparsed_tool_calls", true) }
            if request.common.returnsTokenIDs { json.member("token_ids", part.tokenIDs) }
        }
    }

    /// The members of a message.
    private func write(_ answer: Answer, to json: inout JSONWriter) {
        json.member("content", answer.content.isEmpty && !answer.calls.isEmpty ? nil : answer.content)
        if !answer.reasoning.isEmpty { ChatDelta.reasoning(answer.reasoning).write(to: &json) }
        guard !answer.calls.isEmpty else { return }
        json.member("tool_calls") { json in
            json.array { json in
                for call in answer.calls {
                    json.object { json in
                        json.member("id", call.id)
                        let takesText = request.tools.takesText(call.name)
                        json.member("type", takesText ? "custom" : "function")
                        json.member(takesText ? "custom" : "function") { json in
                            json.object { json in
                                json.member("name", call.name)
                                json.member(
                                    takesText ? "input" : "arguments", takesText ? call.textInput : call.arguments)
                            }
                        }
                    }
                }
            }
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
