import Foundation
import Hummingbird
import LLMGen
import LLMJSON

/// `POST /v1/embeddings`: texts as vectors.
struct Embeddings {
    let state: ServerState

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let departure = try await context.departure
        let asked = try await request.parse(state.options) { [state] fields in
            try EmbeddingRequest(&fields, state, request, context)
        }
        defer { withExtendedLifetime(asked.pass) {} }
        let outputs = try await departure.running { try await asked.common.engine.embed(asked.prepared) }
        let tokens = outputs.reduce(0) { $0 + $1.usage.promptTokens }
        context.record.update { $0.promptTokens = tokens }
        var json = JSONWriter()
        json.object { json in
            json.member("object", "list")
            json.member("model", asked.common.entry.name)
            json.member("data") { json in
                json.array { json in
                    for (index, output) in outputs.enumerated() {
                        json.object { json in
                            json.member("object", "embedding")
                            json.member("index", index)
                            json.member("embedding") { write(output.embedding, asked.encoding, &$0) }
                        }
                    }
                }
            }
            json.member("usage") { $0.promptUsage(tokens) }
        }
        return .json(json.bytes)
    }

    private func write(_ vector: [Float], _ encoding: EmbeddingRequest.Encoding, _ json: inout JSONWriter) {
        switch encoding {
        case .float: json.array { json in for element in vector { json.value(element) } }
        case .base64:
            // Little-endian float32, as OpenAI's.
            var data = Data(capacity: 4 * vector.count)
            for element in vector {
                for shift in [0, 8, 16, 24] { data.append(UInt8(truncatingIfNeeded: element.bitPattern >> shift)) }
            }
            json.value(data.base64EncodedString())
        }
    }
}

/// A request to `/v1/embeddings`.
struct EmbeddingRequest: Sendable {
    enum Encoding: String, CaseIterable { case float, base64 }

    /// Texts of one request at most, as OpenAI has it.
    static let maxInputs = 2048

    let common: CommonFields
    let prepared: [PreparedEmbedding]
    let encoding: Encoding
    /// The request's place in the server, held as long as it runs.
    let pass: RequestGate.Pass

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        common = try CommonFields(&fields, state, request, context, for: .embed)
        try common.refuseTokens(fields)
        let prompts = try fields.prompts("input")
        for case .text(let text) in prompts { try state.options.check(text, field: "input") }
        encoding = try fields.choice("encoding_format", of: Encoding.self) ?? .float
        let parameters = EmbeddingParameters(
            pooling: try fields.choice("pooling", of: Pooling.self), normalize: try fields.flag("normalize"),
            dimensions: try fields.integer("dimensions"), prompt: try Self.prompt(&fields),
            truncatePromptTokens: try fields.integer("truncate_prompt_tokens"))
        try fields.finish()
        guard prompts.count <= Self.maxInputs else {
            throw fields.invalid("input", "has \(prompts.count) texts; at most \(Self.maxInputs) are taken")
        }
        if case .text(let prompt) = parameters.prompt {
            try state.options.check(prompt, field: "prompt")
            try state.options.check(bytes: prompts.count * prompt.utf8.count, madeOf: "prompt")
        }
        do throws(LLMGenError) {
            prepared = try prompts.map { [common] prompt throws(LLMGenError) in
                try common.engine.prepare(prompt, parameters, common.options)
            }
        } catch {
            throw ErrorResponse(error, field: "input")
        }
        pass = try common.enter(prompts.count)
    }

    /// What is put before texts: `prompt_name`, or a text of the request's own as `prompt`.
    private static func prompt(_ fields: inout RequestFields) throws(ErrorResponse) -> EmbeddingPrompt {
        let (name, text) = (try fields.text("prompt_name"), try fields.text("prompt"))
        switch (name, text) {
        case (nil, nil): return .usual
        case (let name?, nil): return .named(name)
        case (nil, let text?): return .text(text)
        case (_?, _?): throw fields.invalid("prompt_name", "is given, and prompt too; give one of them")
        }
    }
}
