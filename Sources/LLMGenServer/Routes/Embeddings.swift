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
        let outputs: [EmbeddingOutput]
        do {
            outputs = try await departure.running {
                try await asked.common.engine.embed(
                    asked.prompts, pooling: asked.pooling, normalize: asked.normalizes, asked.common.options)
            }
        } catch let error as LLMGenError {
            throw FieldNames.embeddings.renamed(ErrorResponse(error))
        }
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
            json.member("usage") { json in
                json.object { json in
                    json.member("prompt_tokens", tokens)
                    json.member("total_tokens", tokens)
                }
            }
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
    let prompts: [Prompt]
    let encoding: Encoding
    let pooling: Pooling
    let normalizes: Bool
    /// The request's place in the server, held as long as it runs.
    let pass: RequestGate.Pass

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        common = try CommonFields(&fields, state, request, context)
        guard !common.returnsTokenIDs else {
            throw fields.invalid("return_token_ids", "is true; this route tells none", code: "unsupported_value")
        }
        let (entry, engine) = (common.entry, common.engine)
        prompts = try fields.prompts("input").map { prompt throws(ErrorResponse) in
            .tokenIDs(try entry.tokens(of: prompt, engine, state.options, field: "input"))
        }
        encoding = try fields.choice("encoding_format", of: Encoding.self) ?? .float
        pooling = try fields.choice("pooling", of: Pooling.self) ?? .mean
        normalizes = try fields.flag("normalize") ?? true
        let dimensions = try fields.integer("dimensions")
        let width = engine.model.hiddenSize
        guard dimensions == nil || dimensions == width else {
            throw fields.invalid(
                "dimensions", "is \(dimensions ?? 0); this model's vectors have \(width)", code: "unsupported_value")
        }
        guard common.stream == nil else { throw fields.invalid("stream", "is true; vectors come as a whole") }
        try fields.finish()
        guard prompts.count <= Self.maxInputs else {
            throw fields.invalid("input", "has \(prompts.count) texts; at most \(Self.maxInputs) are taken")
        }
        pass = try common.enter(prompts.count)
    }
}
