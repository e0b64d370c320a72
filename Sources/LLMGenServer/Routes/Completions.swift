import Hummingbird
import LLMGen
import LLMJSON

/// `POST /v1/completions`: texts continued (OpenAI's legacy completions, with vLLM's further fields).
struct Completions {
    let state: ServerState

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let departure = try await context.departure
        let completion = try await request.parse(state.options) { [state] fields in
            try CompletionRequest(&fields, state, request, context)
        }
        var format = CompletionFormat(completion)
        if let beams = completion.beams {
            return .json(format.whole(try await completion.generation.search(beams, departure)))
        }
        return try await completion.generation.respond(format, completion.common, departure, context.record)
    }
}

/// How answers of `/v1/completions` are written, whole or as events.
struct CompletionFormat: AnswerFormat {
    private let request: CompletionRequest
    private let head: AnswerHead
    private let names: TokenNames
    private let n: Int
    private var choices: ChoiceEvents
    /// Where the next token of each choice stands in its text.
    private var offsets: [Int: TokenOffsets] = [:]

    init(_ request: CompletionRequest) {
        self.request = request
        head = AnswerHead("cmpl", object: "text_completion", model: request.common.entry.name)
        names = TokenNames(engine: request.common.engine, byID: request.common.namesTokensByID)
        n = request.generation.parameters.n ?? 1
        choices = ChoiceEvents(head, object: head.object, request.common, request.generation)
    }

    // MARK: The whole

    mutating func whole(_ outputs: [RequestOutput]) -> [UInt8] {
        var usage = UsageCount(outputs)
        if request.onlyPrompt { usage.completion = 0 }
        return whole(
            usage,
            outputs.enumerated().flatMap { prompt, output in
                output.outputs.map { ChoicePart($0, of: output, prompt: prompt) }
            })
    }

    mutating func whole(_ searches: [BeamSearchOutput]) -> [UInt8] {
        var usage = UsageCount()
        for search in searches { usage.add(search.usage) }
        return whole(
            usage,
            searches.enumerated().flatMap { prompt, search in
                search.beams.enumerated().map { ChoicePart($1, index: $0, prompt: prompt) }
            })
    }

    private mutating func whole(_ usage: UsageCount, _ parts: [ChoicePart]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            head.write(to: &json)
            json.member("choices") { json in json.array { json in for part in parts { write(part, to: &json) } } }
            json.member("usage") { usage.write(to: &$0) }
        }
        return json.bytes
    }

    // MARK: Events

    mutating func begin(_ events: inout EventBuffer) {
        // Log probabilities of the prompt come with its first piece.
        guard request.echoes != nil || request.common.returnsTokenIDs, !request.waitsForPrompt else { return }
        for prompt in request.generation.prepared.indices { open(prompt, ChoicePart.Opening(), &events) }
    }

    mutating func append(_ piece: OutputPiece, prompt: Int, _ events: inout EventBuffer) {
        choices.count(piece, generates: !request.onlyPrompt)
        if let logprobs = piece.promptLogprobs {
            open(prompt, ChoicePart.Opening(promptLogprobs: logprobs), &events)
        }
        tell(ChoicePart(piece, prompt: prompt, of: request.generation.prepared[prompt]), &events)
    }

    /// What every choice of a prompt begins with.
    private mutating func open(_ prompt: Int, _ opening: ChoicePart.Opening, _ events: inout EventBuffer) {
        for sample in 0..<n { tell(ChoicePart(prompt: prompt, sample: sample, opening: opening), &events) }
    }

    private mutating func tell(_ part: ChoicePart, _ events: inout EventBuffer) {
        choices.event(&events) { write(part, to: &$0) }
    }

    func end(_ events: inout EventBuffer) { choices.end(&events) }

    func fail(_ error: ErrorResponse, _ events: inout EventBuffer) { events.event(error.body) }

    // MARK: A choice

    private mutating func write(_ part: ChoicePart, to json: inout JSONWriter) {
        let echo = part.opening == nil ? nil : request.echoes?[part.prompt]
        let promptTokens = request.generation.prepared[part.prompt].promptTokenIDs
        let logprobs = logprobs(part, promptTokens)
        json.object { json in
            json.member("index", part.prompt * n + part.sample)
            json.member("text", (echo ?? "") + (request.onlyPrompt ? "" : part.text))
            json.member("logprobs") { json in
                if let logprobs { logprobs.write(to: &json) } else { json.null() }
            }
            part.writeEnding(to: &json)
            if let logprobs = part.opening?.promptLogprobs, request.reportsPromptLogprobs {
                json.member("prompt_logprobs") { names.write(promptLogprobs: logprobs, to: &$0) }
            }
            if request.common.returnsTokenIDs {
                json.member("token_ids", request.onlyPrompt ? [] : part.tokenIDs)
                if part.opening != nil { json.member("prompt_token_ids", promptTokens) }
            }
        }
    }

    /// The log probabilities of a part, where they are asked for and there are any.
    private mutating func logprobs(_ part: ChoicePart, _ promptTokens: [TokenID]) -> LogprobTable? {
        guard request.logprobs != nil else { return nil }
        var table = LogprobTable(names)
        if let logprobs = part.opening?.promptLogprobs, request.echoes != nil {
            var places = TokenOffsets(request.common.engine.model, skipsSpecialTokens: request.isText[part.prompt])
            table.add(promptTokens, logprobs, &places)
        }
        if !request.onlyPrompt {
            let choice = part.prompt * n + part.sample
            var places = offsets[choice] ?? outputOffsets(part.prompt, promptTokens)
            table.add(part.tokenIDs, part.logprobs, &places)
            offsets[choice] = places
        }
        return table.isEmpty ? nil : table
    }

    /// The places of the tokens that follow a prompt.
    private func outputOffsets(_ prompt: Int, _ tokens: [TokenID]) -> TokenOffsets {
        TokenOffsets(
            request.common.engine.model, after: tokens, start: request.echoes?[prompt].unicodeScalars.count ?? 0,
            skipsSpecialTokens: request.generation.parameters.skipSpecialTokens ?? true)
    }
}

/// Log probabilities in the form of `/v1/completions`: lists side by side.
struct LogprobTable {
    private let names: TokenNames
    private var rows: [(token: TokenID, entry: TokenLogprobs?, offset: Int)] = []

    init(_ names: TokenNames) { self.names = names }

    var isEmpty: Bool { rows.isEmpty }

    mutating func add(_ tokens: [TokenID], _ entries: [TokenLogprobs?], _ offsets: inout TokenOffsets) {
        for (token, entry) in zip(tokens, entries) { rows.append((token, entry, offsets.append(token))) }
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("tokens") { json in json.array { json in for row in rows { json.value(names.name(row.token)) } }
            }
            json.member("token_logprobs") { json in
                json.array { json in
                    for row in rows {
                        if let entry = row.entry { json.value(finite(entry.chosen.logprob)) } else { json.null() }
                    }
                }
            }
            json.member("top_logprobs") { json in
                json.array { json in for row in rows { top(row.entry, &json) } }
            }
            json.member("text_offset") { json in json.array { json in for row in rows { json.value(row.offset) } } }
        }
    }

    private func top(_ entry: TokenLogprobs?, _ json: inout JSONWriter) {
        guard let entry else { return json.null() }
        json.object { json in
            let chosen = entry.chosen
            let others = entry.top.contains { $0.tokenID == chosen.tokenID } ? [] : [chosen]
            // Of tokens with one text the chosen one has it as its name, else the most probable; the others their ids.
            var owners = [names.name(chosen.tokenID): chosen.tokenID]
            for candidate in entry.top + others {
                let name = names.name(candidate.tokenID)
                let owner = owners[name, default: candidate.tokenID]
                owners[name] = owner
                json.member(owner == candidate.tokenID ? name : names.id(candidate.tokenID), finite(candidate.logprob))
            }
        }
    }
}

extension TokenNames {
    /// A prompt's log probabilities in vLLM's form: an object a token, null for the first.
    func write(promptLogprobs: [TokenLogprobs?], to json: inout JSONWriter) {
        json.array { json in
            for entry in promptLogprobs {
                guard let entry else {
                    json.null()
                    continue
                }
                json.object { json in
                    var seen: Set<TokenID> = []
                    for candidate in [entry.chosen] + entry.top where seen.insert(candidate.tokenID).inserted {
                        json.member("\(candidate.tokenID)") { json in
                            json.object { json in
                                json.member("logprob", finite(candidate.logprob))
                                json.member("decoded_token", name(candidate.tokenID))
                            }
                        }
                    }
                }
            }
        }
    }
}

extension JSONWriter {
    mutating func member(_ name: String, _ tokens: [TokenID]) {
        member(name) { json in json.array { json in for token in tokens { json.value(token) } } }
    }
}
