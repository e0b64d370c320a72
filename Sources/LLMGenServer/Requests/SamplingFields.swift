import LLMGen

/// The fields of a request that say how tokens are chosen: the request parameters, under the names of OpenAI and vLLM.
enum SamplingFields {
    /// Parameters that routes take themselves, for they differ in these.
    static let ofRoutes: Set = ["max_tokens", "logprobs", "prompt_logprobs"]

    /// Takes the fields out of `fields`.
    static func parameters(
        _ fields: inout RequestFields, maxTokens: Int?, logprobs: Int?, promptLogprobs: Int?, names: FieldNames
    ) throws(ErrorResponse) -> SamplingParameters {
        do throws(SamplingError) {
            var draft = SamplingDraft()
            for parameter in SamplingParameters.all where !ofRoutes.contains(parameter.name) {
                if let value = fields.value(parameter.name) { try draft.set(parameter.name, to: value) }
            }
            (draft.maxTokens, draft.logprobs, draft.promptLogprobs) = (maxTokens, logprobs, promptLogprobs)
            return try SamplingParameters(draft)
        } catch {
            throw names.renamed(ErrorResponse(error))
        }
    }
}

/// What a route calls the fields that routes differ in, so that an error names what its client has sent.
struct FieldNames: Sendable {
    /// The field that the prompt came in.
    let prompt: String
    let maxTokens: String
    var logprobs = "logprobs"

    static let completions = FieldNames(prompt: "prompt", maxTokens: "max_tokens")
    static let chat = FieldNames(prompt: "messages", maxTokens: "max_completion_tokens", logprobs: "top_logprobs")
    /// Chat's where the older name of `max_completion_tokens` is used.
    static let olderChat = FieldNames(prompt: "messages", maxTokens: "max_tokens", logprobs: "top_logprobs")
    static let responses = FieldNames(prompt: "input", maxTokens: "max_output_tokens", logprobs: "top_logprobs")

    /// The error in the route's words.
    func renamed(_ error: ErrorResponse) -> ErrorResponse {
        var error = error
        error.message = error.message.replacing(/\bmax_tokens\b/, with: maxTokens)
        switch error.param {
        case "max_tokens"?: error.param = maxTokens
        case "logprobs"?:
            error.param = logprobs
            error.message = error.message.replacing(/^logprobs\b/, with: logprobs)
        case nil, "prompt"?: error.param = prompt
        default: break
        }
        return error
    }
}
