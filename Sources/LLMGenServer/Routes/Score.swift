import Hummingbird
import LLMGen
import LLMJSON

/// `POST /v1/score` and `/score`, as vLLM has them: how well pairs of texts go together.
struct Score: Sendable {
    let state: ServerState

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let departure = try await context.departure
        let asked = try await request.parse(state.options) { [state] fields in
            try ScoreRequest(&fields, state, request, context)
        }
        let (scores, tokens) = try await asked.pairs.scores(departure, context)
        var json = JSONWriter()
        json.object { json in
            AnswerHead("score", object: "list", model: asked.pairs.common.entry.name).write(to: &json)
            json.member("data") { json in
                json.array { json in
                    for (index, score) in scores.enumerated() {
                        json.object { json in
                            json.member("index", index)
                            json.member("object", "score")
                            json.member("score", score.score)
                        }
                    }
                }
            }
            json.member("usage") { $0.promptUsage(tokens) }
        }
        return .json(json.bytes)
    }
}

/// A request to `/v1/score`.
private struct ScoreRequest: Sendable {
    let pairs: CheckedPairs

    /// What the two sides of pairs are called; a request has one of these.
    private static let names = [
        ("text_1", "text_2"), ("queries", "documents"), ("queries", "items"), ("data_1", "data_2"),
    ]

    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext
    ) throws(ErrorResponse) {
        let asked = try PairFields(&fields, state, request, context)
        let names = Self.names.first { [fields] in fields.peek($0.0) != nil && fields.peek($0.1) != nil }
        let (one, other) = names ?? Self.names[0]
        let first = try fields.documents(one, state.options)
        let second = try fields.documents(other, state.options)
        try fields.finish()
        guard first.count == 1 || first.count == second.count else {
            throw fields.invalid(
                one, "has \(first.count) texts and \(other) \(second.count); give one, or as many as there")
        }
        let texts = second.enumerated().map { TextPair(first[first.count == 1 ? 0 : $0], $1) }
        pairs = try asked.checked(texts, field: other)
    }
}
