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
        let format = CompletionFormat(completion)
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

    func whole(_ outputs: [RequestOutput]) -> [UInt8] {
        var usage = UsageCount(outputs)
        if request.onlyPrompt { usage.completion = 0 }
        return whole(usage) { json in
            for (prompt, output) in outputs.enumerated() {
                for sample in output.outputs { choice(sample, output, prompt, &json) }
            }
        }
    }

    func whole(_ searches: [BeamSearchOutput]) -> [UInt8] {
        var usage = UsageCount()
        for search in searches { usage.add(search.usage) }
        return whole(usage) { json in
            for (prompt, search) in searches.enumerated() {
                for (index, beam) in search.beams.enumerated() {
                    json.object { json in
                        json.member("index", prompt * search.beams.count + index)
                        json.member("text", (request.echoes?[prompt] ?? "") + beam.text)
                        json.member("logprobs") { $0.null() }
                        FinishReason.write(beam.finishReason, to: &json)
                        json.member("cumulative_logprob", finite(beam.cumulativeLogprob))
                        if request.common.returnsTokenIDs { json.member("token_ids", beam.tokenIDs) }
                    }
                }
            }
        }
    }

    private func whole(_ usage: UsageCount, _ choices: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            head.write(to: &json)
            json.member("choices") { $0.array(choices) }
            json.member("usage") { usage.write(to: &$0) }
        }
        return json.bytes
    }

    private func choice(_ sample: SampleOutput, _ output: RequestOutput, _ prompt: Int, _ json: inout JSONWriter) {
        let echo = request.echoes?[prompt] ?? ""
        json.object { json in
            json.member("index", prompt * n + sample.index)
            json.member("text", request.onlyPrompt ? echo : echo + sample.text)
            json.member("logprobs") { json in
                guard request.logprobs != nil else { return json.null() }
                var table = LogprobTable(names)
                if request.echoes != nil {
                    table.add(output.promptTokenIDs, output.promptLogprobs, promptOffsets(prompt))
                }
                if !request.onlyPrompt {
                    table.add(sample.tokenIDs, sample.logprobs, outputOffsets(prompt, output.promptTokenIDs))
                }
                table.write(to: &json)
            }
            FinishReason.write(sample.finishReason, to: &json)
            json.member("seed", Int(sample.seed))
            if let logprobs = output.promptLogprobs, request.echoes == nil {
                json.member("prompt_logprobs") { names.write(promptLogprobs: logprobs, to: &$0) }
            }
            if request.common.returnsTokenIDs {
                json.member("token_ids", request.onlyPrompt ? [] : sample.tokenIDs)
                json.member("prompt_token_ids", output.promptTokenIDs)
            }
        }
    }

    // MARK: Events

    mutating func begin(_ events: inout EventBuffer) {
        // Log probabilities of the prompt come with its first piece.
        guard let echoes = request.echoes, request.logprobs == nil else { return }
        for prompt in echoes.indices { tell(of: prompt, nil, &events) }
    }

    mutating func append(_ piece: OutputPiece, prompt: Int, _ events: inout EventBuffer) {
        let choice = prompt * n + piece.index
        choices.count(piece)
        if let logprobs = piece.promptLogprobs, request.echoes == nil || request.logprobs != nil {
            tell(of: prompt, logprobs, &events)
        }
        var table: LogprobTable?
        if let entry = piece.logprobs {
            var places = offsets[choice] ?? outputOffsets(prompt, request.generation.prepared[prompt].promptTokenIDs)
            table = LogprobTable(names)
            table?.add(entry.chosen.tokenID, entry, places.append(entry.chosen.tokenID))
            offsets[choice] = places
        }
        choices.event(choice, piece.finishReason, &events) { json in
            json.member("text", piece.text)
            json.member("logprobs") { json in
                if let table { table.write(to: &json) } else { json.null() }
            }
            if request.common.returnsTokenIDs { json.member("token_ids", piece.tokenID.map { [$0] } ?? []) }
        }
    }

    /// What the choices of a prompt begin with: its text where it is repeated, and its log probabilities.
    private func tell(of prompt: Int, _ logprobs: [TokenLogprobs?]?, _ events: inout EventBuffer) {
        var table: LogprobTable?
        if request.echoes != nil, let logprobs {
            table = LogprobTable(names)
            table?.add(request.generation.prepared[prompt].promptTokenIDs, logprobs, promptOffsets(prompt))
        }
        for sample in 0..<n {
            choices.event(prompt * n + sample, nil, &events) { json in
                json.member("text", request.echoes?[prompt] ?? "")
                json.member("logprobs") { json in
                    if let table { table.write(to: &json) } else { json.null() }
                }
                if request.echoes == nil, let logprobs {
                    json.member("prompt_logprobs") { names.write(promptLogprobs: logprobs, to: &$0) }
                }
            }
        }
    }

    // MARK: Places

    /// The places of a prompt's tokens in its text, which has the names of special tokens where it was given as ids.
    private func promptOffsets(_ prompt: Int) -> TokenOffsets {
        TokenOffsets(request.common.engine.model, skipsSpecialTokens: request.isText[prompt])
    }

    /// The places of the tokens that follow a prompt.
    private func outputOffsets(_ prompt: Int, _ tokens: [TokenID]) -> TokenOffsets {
        TokenOffsets(
            request.common.engine.model, after: tokens, start: request.echoes?[prompt].unicodeScalars.count ?? 0,
            skipsSpecialTokens: request.generation.parameters.skipSpecialTokens ?? true)
    }

    func end(_ events: inout EventBuffer) { choices.end(&events) }

    func fail(_ error: ErrorResponse, _ events: inout EventBuffer) { events.event(error.body) }
}

/// Log probabilities in the form of `/v1/completions`: lists side by side.
struct LogprobTable {
    private let names: TokenNames
    private var rows: [(token: TokenID, entry: TokenLogprobs?, offset: Int)] = []

    init(_ names: TokenNames) { self.names = names }

    mutating func add(_ token: TokenID, _ entry: TokenLogprobs?, _ offset: Int) { rows.append((token, entry, offset)) }

    mutating func add(_ tokens: [TokenID], _ entries: [TokenLogprobs?]?, _ offsets: TokenOffsets) {
        var offsets = offsets
        for (token, entry) in zip(tokens, entries ?? []) { add(token, entry, offsets.append(token)) }
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
