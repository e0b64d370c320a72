import Hummingbird
import LLMGen
import LLMJSON

/// `GET /version` and `GET /openapi.json`: what the server is.
enum Information {
    static func version(_ request: Request, _ context: ServerContext) -> Response {
        var json = JSONWriter()
        json.object { $0.member("version", llmgenVersion) }
        return .json(json.bytes)
    }

    static func openAPI(_ request: Request, _ context: ServerContext) -> Response { .json(OpenAPI.document) }
}
