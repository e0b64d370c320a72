import Hummingbird
import LLMGen
import LLMJSON
import OrderedCollections

/// `POST /v1/responses`: OpenAI's Responses, of text, nothing stored between requests.
struct Responses {
    let state: ServerState

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let departure = try await context.departure
        let asked = try await request.parse(state.options) { [state] fields in
            try ResponsesRequest(&fields, state, request, context)
        }
        return try await asked.generation.respond(ResponsesFormat(asked), asked.common, departure, context.record)
    }
}

/// A request to `/v1/responses`.
struct ResponsesRequest: Sendable {
    let common: CommonFields
    let generation: Generation
    let reportsLogprobs: Bool
    /// What the answer repeats of the request.
    let instructions: String?
    let maxOutputTokens: Int?
    let metadata: JSONValue?
    let textFormat: JSONValue?

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        metadata = fields.peek("metadata")
        if let metadata {
            guard case .object = metadata else {
                throw fields.invalid("metadata", "is \(metadata.kindName); it must be an object", code: "invalid_type")
            }
        }
        if let store = try fields.flag("store"), store {
            throw fields.invalid("store", "is true; nothing is stored here, leave it out", code: "unsupported_value")
        }
        common = try CommonFields(&fields, state, request, context)
        guard !common.returnsTokenIDs else {
            throw fields.invalid("return_token_ids", "is true; this route tells none", code: "unsupported_value")
        }
        instructions = try fields.text("instructions")
        let input = try ResponsesRequest.input(&fields)
        let instructed =
            instructions.map { [(place: "instructions", message: TemplateValue.message("system", $0))] } ?? []
        let messages = instructed + input
        guard !messages.isEmpty else { throw fields.invalid("input", "has no message; give at least one") }
        maxOutputTokens = try fields.integer("max_output_tokens")
        let include = try fields.texts("include") ?? []
        if let other = include.first(where: { $0 != ResponsesRequest.logprobs && !ResponsesRequest.absent.contains($0) }
        ) {
            throw fields.invalid(
                "include", "has \(other.quoted), which is not known; use '\(ResponsesRequest.logprobs)'",
                code: "unsupported_value")
        }
        reportsLogprobs = include.contains(ResponsesRequest.logprobs)
        let top = try fields.integer("top_logprobs")
        let output: OutputFields
        (output, textFormat) = try ResponsesRequest.output(&fields)
        try ResponsesRequest.refuse(&fields)
        let parameters = try SamplingFields.parameters(
            &fields, maxTokens: maxOutputTokens, logprobs: reportsLogprobs ? top ?? 0 : nil,
            promptLogprobs: nil, names: .responses)
        guard (parameters.n ?? 1) == 1 else { throw .invalid("n is not a field of responses", param: "n") }
        try fields.finish()
        let (_, tokens) = try common.entry.prompt(
            for: ChatTemplateInput(messages: messages.map(\.message)), common.engine, state.options, field: "input",
            place: { messages[$0].place })
        generation = try Generation([tokens], parameters, output, common, names: .responses)
    }

    private static let logprobs = "message.output_text.logprobs"

    /// What else `include` may ask for: parts of answers that there are none of here.
    private static let absent: Set<String> = [
        "reasoning.encrypted_content", "web_search_call.results", "web_search_call.action.sources",
        "file_search_call.results", "code_interpreter_call.outputs", "computer_call_output.output.image_url",
        "message.input_image.image_url",
    ]

    /// `input`: a text, or items: messages, calls of tools and what came of them. Each message has the place of its item.
    private static func input(
        _ fields: inout RequestFields
    ) throws(ErrorResponse) -> [(place: String, message: TemplateValue)] {
        switch fields.value("input") {
        case .string(let text)?: return [("input", .message("user", text))]
        case .array(let items)?:
            guard !items.isEmpty else { throw fields.invalid("input", "is empty; give a text or messages") }
            var messages: [(place: String, message: TemplateValue)] = []
            for (index, item) in items.enumerated() { try append(item, "input[\(index)]", to: &messages) }
            return messages
        case nil: throw fields.invalid("input", "is missing; give a text or messages", code: "missing_field")
        case let value?: throw fields.invalid("input", "is \(value.kindName); it must be a text or messages")
        }
    }

    private static func append(
        _ item: JSONValue, _ place: String, to messages: inout [(place: String, message: TemplateValue)]
    ) throws(ErrorResponse) {
        guard case .object(let members) = item else {
            return messages.append((place, try ChatFields.message(item, place)))
        }
        switch members["type"] {
        case nil, .null?, .string("message")?: messages.append((place, try ChatFields.message(item, place)))
        // What a model thought is nothing that a template reads.
        case .string("reasoning")?: break
        case .string("function_call")?:
            let arguments = try text("arguments", of: members, place)
            var isObject = arguments.isEmpty
            if case .object? = try? JSONValue(Array(arguments.utf8), takesAnyText: true) { isObject = true }
            guard isObject else {
                throw .invalid(
                    "\(place).arguments is no JSON object; give the arguments as one", param: "\(place).arguments")
            }
            let call: TemplateValue = [
                "id": .string(try text("call_id", of: members, place)), "type": "function",
                "function": [
                    "name": .string(try text("name", of: members, place)), "arguments": .string(arguments),
                ],
            ]
            // What a model says and the calls after it are one message.
            if let last = messages.last?.message, case .string("assistant")? = last["role"] {
                var calls: [TemplateValue] = []
                if case .array(let before)? = last["tool_calls"] { calls = before }
                messages[messages.count - 1].message["tool_calls"] = .array(calls + [call])
            } else {
                messages.append((place, ["role": "assistant", "content": "", "tool_calls": [call]]))
            }
        case .string("function_call_output")?:
            if case .array(let parts)? = members["output"] {
                for (index, part) in parts.enumerated() { try ChatFields.check(part, "\(place).output[\(index)]") }
            }
            messages.append(
                (
                    place,
                    [
                        "role": "tool", "tool_call_id": .string(try text("call_id", of: members, place)),
                        "content": TemplateValue(members["output"] ?? .null),
                    ]
                ))
        default:
            throw ErrorResponse(
                status: 400, code: "unsupported_value",
                message:
                    "\(place) is no message, function_call, function_call_output or reasoning, which are taken here",
                param: "\(place).type")
        }
    }

    private static func text(
        _ name: String, of members: OrderedDictionary<String, JSONValue>, _ place: String
    ) throws(ErrorResponse) -> String {
        guard case .string(let text)? = members[name] else {
            throw .invalid("\(place).\(name) is missing or no string", param: "\(place).\(name)")
        }
        return text
    }

    /// Fields whose meaning this server has not.
    private static func refuse(_ fields: inout RequestFields) throws(ErrorResponse) {
        try fields.refuse("previous_response_id", "nothing is stored here; send the whole conversation")
        try fields.refuse("conversation", "nothing is stored here; send the whole conversation as input")
        try fields.refuse("prompt", "there are no stored prompts here; use input")
        try fields.refuse("background", unless: { $0 == .flag(false) }, "answers are not kept here; leave it out")
        try fields.refuse("tools", unless: { $0 == .array([]) }, "no tool is called here; leave it out")
        try fields.refuse("max_tool_calls", "no tool is called here; leave it out")
        try fields.refuse(
            "truncation", unless: { $0 == .string("disabled") }, "input is never cut in silence; leave it out")
        try fields.refuse(
            "tool_choice", unless: { $0 == .string("auto") || $0 == .string("none") }, "no tool is called here")
        fields.ignore("parallel_tool_calls", "reasoning")
    }

    /// `text.format` or `structured_outputs`, and the former as it was sent.
    private static func output(_ fields: inout RequestFields) throws(ErrorResponse) -> (OutputFields, JSONValue?) {
        guard var text = try fields.object("text") else { return (try OutputFields(&fields, nil), nil) }
        text.ignore("verbosity")
        let sent = text.peek("format")
        let format = try OutputFields.format(&text, "format", in: "text.", isNested: false)
        try text.finish()
        return (try OutputFields(&fields, format), sent)
    }
}

extension TemplateValue {
    static func message(_ role: String, _ text: String) -> TemplateValue {
        ["role": .string(role), "content": .string(text)]
    }
}

/// How answers of `/v1/responses` are written, whole or as events.
struct ResponsesFormat: AnswerFormat {
    private let request: ResponsesRequest
    private let names: TokenNames
    private let id = "resp_\(randomID())"
    private let item = "msg_\(randomID())"
    private let created = unixTime()
    private var sequence = 0
    private var text = ""
    private var logprobs: [TokenLogprobs] = []
    private var output: RequestOutput?

    init(_ request: ResponsesRequest) {
        self.request = request
        names = TokenNames(engine: request.common.engine, byID: request.common.namesTokensByID)
    }

    mutating func whole(_ outputs: [RequestOutput]) -> [UInt8] {
        let output = outputs[0]
        self.output = output
        (text, logprobs) = (output.text, output.logprobs ?? [])
        var json = JSONWriter()
        write(&json)
        return json.bytes
    }

    // MARK: Events

    mutating func begin(_ events: inout EventBuffer) {
        Self.event("response.created", next(), &events) { json in json.member("response") { write(&$0) } }
        Self.event("response.in_progress", next(), &events) { json in json.member("response") { write(&$0) } }
        Self.event("response.output_item.added", next(), &events) { json in
            json.member("output_index", 0)
            json.member("item") { writeItem("in_progress", withContent: false, &$0) }
        }
        Self.event("response.content_part.added", next(), &events) { json in
            writePlace(&json)
            json.member("part") { writePart("", [], &$0) }
        }
    }

    mutating func append(_ piece: OutputPiece, prompt: Int, _ events: inout EventBuffer) {
        text += piece.text
        let entries = piece.logprobs.map { [$0] } ?? []
        logprobs += entries
        Self.event("response.output_text.delta", next(), &events) { json in
            writePlace(&json)
            json.member("delta", piece.text)
            json.member("logprobs") { write(entries, &$0) }
        }
        if let output = piece.output { self.output = output }
    }

    mutating func end(_ events: inout EventBuffer) {
        guard let output else { return }
        Self.event("response.output_text.done", next(), &events) { json in
            writePlace(&json)
            json.member("text", text)
            json.member("logprobs") { write(logprobs, &$0) }
        }
        Self.event("response.content_part.done", next(), &events) { json in
            writePlace(&json)
            json.member("part") { writePart(text, logprobs, &$0) }
        }
        Self.event("response.output_item.done", next(), &events) { json in
            json.member("output_index", 0)
            json.member("item") { writeItem(itemStatus(output), withContent: true, &$0) }
        }
        Self.event(status == "completed" ? "response.completed" : "response.incomplete", next(), &events) { json in
            json.member("response") { write(&$0) }
        }
    }

    mutating func fail(_ error: ErrorResponse, _ events: inout EventBuffer) {
        Self.event("error", next(), &events) { json in
            json.member("code", error.code)
            json.member("message", error.message)
            json.member("param", error.param)
        }
    }

    private mutating func next() -> Int {
        defer { sequence += 1 }
        return sequence
    }

    private static func event(
        _ type: String, _ number: Int, _ events: inout EventBuffer, _ members: (inout JSONWriter) -> Void
    ) {
        var json = JSONWriter()
        json.object { json in
            json.member("type", type)
            json.member("sequence_number", number)
            members(&json)
        }
        events.event(json.bytes, name: type)
    }

    // MARK: Parts of the answer

    private var status: String {
        output.map(itemStatus) ?? "in_progress"
    }

    private func itemStatus(_ output: RequestOutput) -> String {
        output.finishReason.openAI == "stop" ? "completed" : "incomplete"
    }

    private func writePlace(_ json: inout JSONWriter) {
        json.member("item_id", item)
        json.member("output_index", 0)
        json.member("content_index", 0)
    }

    private func write(_ json: inout JSONWriter) {
        let parameters = request.generation.parameters
        json.object { json in
            json.member("id", id)
            json.member("object", "response")
            json.member("created_at", created)
            json.member("status", status)
            json.member("error") { $0.null() }
            json.member("incomplete_details") { json in
                guard status == "incomplete" else { return json.null() }
                json.object { $0.member("reason", "max_output_tokens") }
            }
            if let further = output?.finishReason.further { json.member("stop_reason", further) }
            json.member("instructions", request.instructions)
            json.member("max_output_tokens", request.maxOutputTokens)
            json.member("metadata") { $0.value(request.metadata ?? .object([:])) }
            json.member("model", request.common.entry.name)
            json.member("output") { json in
                json.array { json in
                    if let output { writeItem(itemStatus(output), withContent: true, &json) }
                }
            }
            json.member("parallel_tool_calls", false)
            json.member("previous_response_id") { $0.null() }
            json.member("store", false)
            json.member("temperature") { json in
                if let temperature = parameters.temperature { json.value(temperature) } else { json.null() }
            }
            json.member("top_p") { json in
                if let topP = parameters.topP { json.value(topP) } else { json.null() }
            }
            json.member("text") { json in
                json.object { json in
                    json.member("format") { $0.value(request.textFormat ?? .object(["type": .string("text")])) }
                }
            }
            json.member("tool_choice", "none")
            json.member("tools") { $0.array { _ in } }
            json.member("truncation", "disabled")
            json.member("usage") { writeUsage(&$0) }
        }
    }

    private func writeUsage(_ json: inout JSONWriter) {
        guard let usage = output?.usage else { return json.null() }
        json.object { json in
            json.member("input_tokens", usage.promptTokens)
            json.member("input_tokens_details") { json in
                json.object { json in
                    json.member("cached_tokens", usage.cachedTokens)
                    json.member("cache_write_tokens", 0)
                }
            }
            json.member("output_tokens", usage.completionTokens)
            json.member("output_tokens_details") { $0.object { $0.member("reasoning_tokens", 0) } }
            json.member("total_tokens", usage.promptTokens + usage.completionTokens)
        }
    }

    private func writeItem(_ status: String, withContent: Bool, _ json: inout JSONWriter) {
        json.object { json in
            json.member("id", item)
            json.member("type", "message")
            json.member("role", "assistant")
            json.member("status", status)
            json.member("content") { json in
                json.array { json in if withContent { writePart(text, logprobs, &json) } }
            }
        }
    }

    private func writePart(_ text: String, _ logprobs: [TokenLogprobs], _ json: inout JSONWriter) {
        json.object { json in
            json.member("type", "output_text")
            json.member("text", text)
            json.member("annotations") { $0.array { _ in } }
            json.member("logprobs") { write(logprobs, &$0) }
        }
    }

    private func write(_ logprobs: [TokenLogprobs], _ json: inout JSONWriter) {
        json.array { json in for entry in logprobs { names.write(entry, to: &json) } }
    }
}
