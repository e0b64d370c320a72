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
    /// Characters and tokens of each choice so far.
    private var offsets: [Int: Int] = [:]

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
                        json.member("finish_reason", beam.finishReason.rawValue)
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
                    for (token, entry) in zip(output.promptTokenIDs, output.promptLogprobs ?? []) {
                        table.add(token, entry)
                    }
                }
                if !request.onlyPrompt { for entry in sample.logprobs ?? [] { table.add(entry.chosen.tokenID, entry) } }
                table.write(to: &json)
            }
            json.member("finish_reason", sample.finishReason.rawValue)
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
        guard let echoes = request.echoes else { return }
        for (prompt, echo) in echoes.enumerated() {
            for sample in 0..<n {
                choices.event(prompt * n + sample, nil, &events) { json in
                    json.member("text", echo)
                    json.member("logprobs") { $0.null() }
                }
            }
        }
    }

    mutating func append(_ piece: OutputPiece, prompt: Int, _ events: inout EventBuffer) {
        let choice = prompt * n + piece.index
        choices.count(piece)
        var table: LogprobTable?
        if let entry = piece.logprobs {
            table = LogprobTable(names, start: offsets[choice, default: 0])
            table?.add(entry.chosen.tokenID, entry)
            offsets[choice] = table?.offset
        }
        choices.event(choice, piece.finishReason, &events) { json in
            json.member("text", piece.text)
            json.member("logprobs") { json in
                if let table { table.write(to: &json) } else { json.null() }
            }
            if request.common.returnsTokenIDs { json.member("token_ids", piece.tokenID.map { [$0] } ?? []) }
        }
    }

    func end(_ events: inout EventBuffer) { choices.end(&events) }

    func fail(_ error: ErrorResponse, _ events: inout EventBuffer) { events.event(error.body) }
}

/// Log probabilities in the form of `/v1/completions`: lists side by side.
struct LogprobTable {
    private let names: TokenNames
    private var rows: [(token: TokenID, entry: TokenLogprobs?, offset: Int)] = []
    /// Characters of the tokens so far.
    private(set) var offset: Int

    init(_ names: TokenNames, start: Int = 0) {
        self.names = names
        offset = start
    }

    mutating func add(_ token: TokenID, _ entry: TokenLogprobs?) {
        rows.append((token, entry, offset))
        offset += names.name(token).unicodeScalars.count
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
            // Tokens of one text may be several; the most probable one stands for it.
            var seen: Set<String> = []
            for candidate in entry.top + [entry.chosen] where seen.insert(names.name(candidate.tokenID)).inserted {
                json.member(names.name(candidate.tokenID), finite(candidate.logprob))
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
