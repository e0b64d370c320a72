import Hummingbird
import LLMGen
import LLMJSON

/// `POST /v1/rerank`, and `/rerank` and `/v2/rerank` as Cohere, Jina and vLLM have them: documents by how well they go with
/// a query.
struct Rerank: Sendable {
    let state: ServerState

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let departure = try await context.departure
        let asked = try await request.parse(state.options) { [state] fields in
            try RerankRequest(&fields, state, request, context)
        }
        let (scores, tokens) = try await asked.pairs.scores(departure, context)
        var json = JSONWriter()
        json.object { json in
            json.member("id", "rerank-\(randomID())")
            json.member("model", asked.pairs.common.entry.name)
            json.member("results") { json in
                json.array { json in
                    for ranked in RankedDocument.ranking(scores).prefix(asked.topN) {
                        json.object { json in
                            json.member("index", ranked.index)
                            json.member("relevance_score", ranked.score.score)
                            guard asked.returnsDocuments else { return }
                            json.member("document") { $0.object { $0.member("text", asked.documents[ranked.index]) } }
                        }
                    }
                }
            }
            json.member("usage") { $0.promptUsage(tokens) }
        }
        return .json(json.bytes)
    }
}

/// A request to `/v1/rerank`.
private struct RerankRequest: Sendable {
    let pairs: CheckedPairs
    let documents: [String]
    let topN: Int
    let returnsDocuments: Bool

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        let asked = try PairFields(&fields, state, request, context)
        let queries = try fields.documents("query", state.options)
        guard queries.count == 1 else { throw fields.invalid("query", "has \(queries.count) texts; give one") }
        documents = try fields.documents("documents", state.options)
        let topN = try fields.integer("top_n") ?? 0
        guard topN >= 0 else {
            throw fields.invalid("top_n", "is \(topN); it must be at least 1, or 0 for all documents")
        }
        self.topN = topN == 0 ? documents.count : topN
        returnsDocuments = try fields.flag("return_documents") ?? true
        try fields.finish()
        pairs = try asked.checked(documents.map { TextPair(queries[0], $0) }, field: "documents")
    }
}
