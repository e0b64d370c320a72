import Hummingbird
import LLMJSON

/// `GET /health` and `GET /ready`: whether the server lives, and whether it wants requests.
struct Health {
    let state: ServerState

    /// 200 while every engine gets on, or has nothing to do; 503 with the reason while one is loading or stuck.
    func health(_ request: Request, _ context: ServerContext) -> Response { answer(state.fault) }

    /// The same, and 503 once the server is about to end.
    func ready(_ request: Request, _ context: ServerContext) -> Response {
        answer(state.isDraining ? "the server is about to end" : state.fault)
    }

    private func answer(_ fault: String?) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.member("status", fault == nil ? "ok" : "unavailable")
            if let fault { json.member("reason", fault) }
        }
        return .json(json.bytes, status: fault == nil ? .ok : .serviceUnavailable)
    }
}
