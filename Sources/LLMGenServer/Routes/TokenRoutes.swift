import Hummingbird
import LLMGen
import LLMJSON

/// `POST /tokenize` and `POST /detokenize`: texts and conversations to token ids, and back, as vLLM has them.
struct TokenRoutes: Sendable {
    let state: ServerState

    func tokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
        try await request.parse(state.options) { fields in .json(try tokens(&fields)) }
    }

    func detokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
        try await request.parse(state.options) { fields in .json(try text(&fields)) }
    }

    private func tokens(_ fields: inout RequestFields) throws -> [UInt8] {
        let (entry, engine) = try model(&fields)
        let returnsTexts = try fields.flag("return_token_strs") ?? false
        let tokens: [TokenID]
        if fields.peek("messages") != nil {
            tokens = try ChatFields(&fields).prompt(entry, engine, state.options).tokens
        } else {
            guard let prompt = try fields.text("prompt") else {
                throw fields.invalid("prompt", "is missing; give a text, or messages", code: "missing_field")
            }
            let addsSpecialTokens = try fields.flag("add_special_tokens") ?? true
            tokens = try entry.tokens(
                of: .text(prompt), engine, state.options, addSpecialTokens: addsSpecialTokens, field: "prompt")
        }
        try fields.finish()
        var json = JSONWriter()
        json.object { json in
            json.member("count", tokens.count)
            json.member("max_model_len", engine.lengthLimit)
            json.member("tokens", tokens)
            if returnsTexts {
                json.member("token_strs") { json in
                    json.array { json in
                        for token in tokens { json.value(engine.model.tokenizer?.piece(token) ?? "") }
                    }
                }
            }
        }
        return json.bytes
    }

    private func text(_ fields: inout RequestFields) throws -> [UInt8] {
        let (_, engine) = try model(&fields)
        guard let tokens = try fields.tokenIDs("tokens") else {
            throw fields.invalid("tokens", "is missing; give token ids", code: "missing_field")
        }
        try fields.finish()
        guard let tokenizer = engine.model.tokenizer else {
            throw .invalid("this model has no tokenizer, so its tokens have no text", param: "model") as ErrorResponse
        }
        if let unknown = tokens.first(where: { tokenizer.piece($0) == nil }) {
            throw .invalid(
                "token id \(unknown) is not in the vocabulary, whose ids are 0 to \(tokenizer.vocabularySize - 1)",
                param: "tokens") as ErrorResponse
        }
        var json = JSONWriter()
        json.object { $0.member("prompt", tokenizer.decode(tokens, skipSpecialTokens: false)) }
        return json.bytes
    }

    private func model(_ fields: inout RequestFields) throws(ErrorResponse) -> (ModelRegistry.Entry, Engine) {
        let entry = try state.registry.entry(try fields.text("model"))
        return (entry, try state.engine(of: entry))
    }
}
