import LLMGen

/// The server's description of itself (OpenAPI 3.1), as `GET /openapi.json` gives it.
enum OpenAPI {
    static let document = Array(text.utf8)

    private static let text = """
        {"openapi":"3.1.0",\
        "info":{"title":"llmgen","version":"\(llmgenVersion)",\
        "description":"Text generation as OpenAI's API has it. Unknown fields are refused; null is the same as absent."},\
        "security":[{},{"key":[]}],\
        "paths":{\(paths.joined(separator: ","))},\
        "components":{"securitySchemes":{"key":{"type":"http","scheme":"bearer"}},\
        "responses":{\(errors)},\
        "schemas":{\(schemas.map { "\"\($0.name)\":\($0.schema)" }.joined(separator: ","))}}}
        """

    // MARK: Paths

    private static let paths: [String] =
        [
            post("/v1/completions", "Continues texts.", "CompletionRequest", "Completion", streams: true),
            post("/v1/chat/completions", "Answers in a conversation.", "ChatRequest", "ChatCompletion", streams: true),
            post("/v1/responses", "Answers a text or a conversation.", "ResponseRequest", "Response", streams: true),
            post("/v1/embeddings", "Texts as vectors.", "EmbeddingRequest", "EmbeddingList"),
        ]
        + ["/v1/rerank", "/v2/rerank", "/rerank"].map {
            post($0, "Documents by how well they go with a query.", "RerankRequest", "RankedDocuments")
        }
        + ["/v1/score", "/score"].map { post($0, "How well pairs of texts go together.", "ScoreRequest", "ScoreList") }
        + [
            post("/tokenize", "A text or a conversation as token ids.", "TokenizeRequest", "Tokens"),
            post("/detokenize", "Token ids as a text.", "DetokenizeRequest", "DetokenizedText"),
            get("/v1/models", "The models that are served.", "ModelList"),
            get(
                "/v1/models/{id}", "One of them.", "Model",
                parameters: ##"[{"name":"id","in":"path","required":true,"schema":{"type":"string","minLength":1}}]"##,
                errors: ["400", "401", "404", "429"]),
            get(
                "/health", "Health: 200 while every engine is idle or making progress.", "Status",
                unavailable: "Status",
                isOpen: true),
            get("/ready", "Whether the server wants requests.", "Status", unavailable: "Status", isOpen: true),
            get("/metrics", "Metrics for Prometheus.", nil, isOpen: true),
            get("/version", "The server's version.", "Version", isOpen: true),
            get("/openapi.json", "This document.", "OpenAPI", isOpen: true),
        ]

    private static func post(
        _ path: String, _ summary: String, _ request: String, _ answer: String, streams: Bool = false
    ) -> String {
        let events =
            streams ? ##","text/event-stream":{"schema":{"type":"string","description":"Server-sent events."}}"## : ""
        let codes = ["400", "401", "404", "413", "408", "415", "429", "500", "503"]
        return """
            "\(path)":{"post":{"summary":"\(summary)","operationId":"\(name(path))",\
            "requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/\(request)"}}}},\
            "responses":{"200":{"description":"The answer.","content":{"application/json":\
            {"schema":{"$ref":"#/components/schemas/\(answer)"}}\(events)}},\(references(codes))}}}
            """
    }

    private static func get(
        _ path: String, _ summary: String, _ answer: String?, parameters: String = "[]", unavailable: String? = nil,
        errors: [String] = ["401", "429"], isOpen: Bool = false
    ) -> String {
        let content =
            answer.map { ##""application/json":{"schema":{"$ref":"#/components/schemas/\##($0)"}}"## }
            ?? ##""text/plain":{"schema":{"type":"string"}}"##
        var others = isOpen ? "" : ",\(references(errors))"
        if let unavailable {
            others = """
                ,"503":{"description":"Not now.","content":{"application/json":\
                {"schema":{"$ref":"#/components/schemas/\(unavailable)"}}}}
                """
        }
        return """
            "\(path)":{"get":{"summary":"\(summary)","operationId":"\(name(path))","parameters":\(parameters),\
            \(isOpen ? ##""security":[],"## : "")\
            "responses":{"200":{"description":"The answer.","content":{\(content)}}\(others)}}}
            """
    }

    private static func name(_ path: String) -> String {
        path.split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
    }

    // MARK: Errors

    private static func references(_ codes: [String]) -> String {
        codes.map { "\"\($0)\":{\"$ref\":\"#/components/responses/E\($0)\"}" }.joined(separator: ",")
    }

    private static let errors = [
        ("400", "The request is wrong; param names the field."), ("401", "The API key is missing or unknown."),
        ("404", "There is no such model."), ("413", "The body is too large."), ("415", "The body is no JSON."),
        ("429", "Too many requests; Retry-After tells when to come back."), ("500", "The server failed."),
        ("408", "The time that the request gives itself is over."),
        ("503", "The server is loading or about to end; Retry-After tells when to come back."),
    ].map { code, why in
        let retries = code == "429" || code == "503"
        let headers =
            retries ? ##""headers":{"Retry-After":{"schema":{"type":"integer","minimum":1}}},"## : ""
        return """
            "E\(code)":{"description":"\(why)",\(headers)"content":{"application/json":\
            {"schema":{"$ref":"#/components/schemas/Error"}}}}
            """
    }.joined(separator: ",")
}
