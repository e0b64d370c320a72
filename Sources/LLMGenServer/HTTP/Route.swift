import Hummingbird

/// A method and a path, and who answers them.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// As OpenAPI writes it: `/v1/models/{id}`.
    let path: String
    /// Whether it asks for an API key, where the server has any.
    var needsKey = true
    let respond: @Sendable (Request, ServerContext) async throws -> Response

    /// All routes of a server.
    static func all(_ state: ServerState) -> [Route] {
        let (models, tokens, health) = (Models(state: state), TokenRoutes(state: state), Health(state: state))
        let (rerank, score) = (Rerank(state: state), Score(state: state))
        return [
            Route(method: .post, path: "/v1/completions", respond: Completions(state: state).respond),
            Route(method: .post, path: "/v1/chat/completions", respond: ChatCompletions(state: state).respond),
            Route(method: .post, path: "/v1/responses", respond: Responses(state: state).respond),
            Route(method: .post, path: "/v1/embeddings", respond: Embeddings(state: state).respond),
            Route(method: .post, path: "/v1/rerank", respond: rerank.respond),
            Route(method: .post, path: "/v2/rerank", respond: rerank.respond),
            Route(method: .post, path: "/rerank", respond: rerank.respond),
            Route(method: .post, path: "/v1/score", respond: score.respond),
            Route(method: .post, path: "/score", respond: score.respond),
            Route(method: .get, path: "/v1/models", respond: models.list),
            Route(method: .get, path: "/v1/models/{id}", respond: models.one),
            Route(method: .post, path: "/tokenize", respond: tokens.tokenize),
            Route(method: .post, path: "/detokenize", respond: tokens.detokenize),
            Route(method: .get, path: "/health", needsKey: false, respond: health.health),
            Route(method: .get, path: "/ready", needsKey: false, respond: health.ready),
            Route(method: .get, path: "/metrics", needsKey: false, respond: Metrics(state: state).respond),
            Route(method: .get, path: "/version", needsKey: false, respond: Information.version),
            Route(method: .get, path: "/openapi.json", needsKey: false, respond: Information.openAPI),
        ]
    }

    /// The path as Hummingbird's router writes it. A model's name may have slashes.
    var routerPath: RouterPath { RouterPath(path.replacing("{id}", with: "**")) }
}
