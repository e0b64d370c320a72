import Hummingbird
import LLMGen
import LLMJSON

/// `GET /v1/models` and `GET /v1/models/{id}`: what is served.
struct Models {
    let state: ServerState

    func list(_ request: Request, _ context: ServerContext) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.member("object", "list")
            json.member("data") { json in
                json.array { json in for entry in state.registry.entries { write(entry, entry.name, &json) } }
            }
        }
        return .json(json.bytes)
    }

    func one(_ request: Request, _ context: ServerContext) throws -> Response {
        let name = context.parameters.getCatchAll().joined(separator: "/")
        let decoded = name.removingPercentEncoding ?? name
        let entry = try state.registry.entry(decoded)
        var json = JSONWriter()
        write(entry, decoded, &json)
        return .json(json.bytes)
    }

    private func write(_ entry: ModelRegistry.Entry, _ name: String, _ json: inout JSONWriter) {
        json.object { json in
            json.member("id", name)
            json.member("object", "model")
            json.member("created", state.created)
            json.member("owned_by", "llmgen")
            json.member("root", entry.name)
            json.member("aliases") { json in
                json.array { json in for alias in entry.model.aliases { json.value(alias) } }
            }
            json.member("max_model_len", entry.engine?.lengthLimit)
        }
    }
}
