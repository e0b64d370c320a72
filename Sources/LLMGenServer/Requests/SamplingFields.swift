import LLMGen

/// The fields of a request that say how tokens are chosen: the request parameters, under the names of OpenAI and vLLM.
enum SamplingFields {
    /// Parameters that routes take themselves, for they differ in these.
    static let ofRoutes: Set = ["max_tokens", "logprobs", "prompt_logprobs"]

    /// Takes the fields out of `fields`.
    static func parameters(
        _ fields: inout RequestFields, options: ServerOptions, maxTokens: Int?, logprobs: Int?, promptLogprobs: Int?
    ) throws(ErrorResponse) -> SamplingParameters {
        do throws(SamplingError) {
            var draft = SamplingDraft()
            for parameter in SamplingParameters.all where !ofRoutes.contains(parameter.name) {
                if let value = fields.value(parameter.name) { try draft.set(parameter.name, to: value) }
            }
            if let count = draft.stop?.count, count > options.maxStops {
                throw SamplingError(
                    .outOfRange, field: "stop",
                    problem: "\(count) entries are not in the range [0, \(options.maxStops)]",
                    remedy: "send fewer")
            }
            (draft.maxTokens, draft.logprobs, draft.promptLogprobs) = (maxTokens, logprobs, promptLogprobs)
            return try SamplingParameters(draft)
        } catch {
            throw ErrorResponse(error)
        }
    }
}
