import LLMGen

/// Sampling fields under their wire names, from the command line or from a line of a prompt file.
struct SamplingFields: Decodable {
    var maxTokens: Int?
    var temperature: Double?
    var topK: Int?
    var topP: Double?
    var minP: Double?
    var seed: Int64?
    var n: Int?
    var stop: StopTexts?
    var stopTokenIDs: [TokenID]?
    var ignoreEOS: Bool?
    var minTokens: Int?
    var repetitionPenalty: Double?
    var presencePenalty: Double?
    var frequencyPenalty: Double?
    var logprobs: Int?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case maxTokens = "max_tokens"
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case minP = "min_p"
        case seed, n, stop
        case stopTokenIDs = "stop_token_ids"
        case ignoreEOS = "ignore_eos"
        case minTokens = "min_tokens"
        case repetitionPenalty = "repetition_penalty"
        case presencePenalty = "presence_penalty"
        case frequencyPenalty = "frequency_penalty"
        case logprobs
    }

    /// The parameters of a prompt of `promptTokens`: these fields, then those of `fallback`. Without `max_tokens` 256,
    /// or the room that is left, if less.
    func parameters(
        fallback: SamplingFields? = nil, promptTokens: Int, engine: Engine
    ) throws(LLMGenError) -> SamplingParameters {
        let room = min(engine.maxModelLength, engine.kvBlocks * engine.blockSize) - promptTokens
        return try parameters(fallback: fallback, maxTokens: max(1, min(256, room)))
    }

    /// The parameters, with `maxTokens` where no field gives it. - Throws: ``LLMGenError`` `invalidArgument`, naming the
    /// field, its value and its range.
    func parameters(fallback: SamplingFields? = nil, maxTokens unset: Int? = nil) throws(LLMGenError)
        -> SamplingParameters
    {
        do {
            return try SamplingParameters(
                n: n ?? fallback?.n,
                presencePenalty: presencePenalty ?? fallback?.presencePenalty,
                frequencyPenalty: frequencyPenalty ?? fallback?.frequencyPenalty,
                repetitionPenalty: repetitionPenalty ?? fallback?.repetitionPenalty,
                temperature: temperature ?? fallback?.temperature,
                topP: topP ?? fallback?.topP,
                topK: topK ?? fallback?.topK,
                minP: minP ?? fallback?.minP,
                seed: seed ?? fallback?.seed,
                stop: (stop ?? fallback?.stop)?.texts,
                stopTokenIDs: stopTokenIDs ?? fallback?.stopTokenIDs,
                ignoreEOS: ignoreEOS ?? fallback?.ignoreEOS,
                maxTokens: maxTokens ?? fallback?.maxTokens ?? unset,
                minTokens: minTokens ?? fallback?.minTokens,
                logprobs: logprobs ?? fallback?.logprobs)
        } catch {
            throw LLMGenError(code: .invalidArgument, message: error.message, cause: error)
        }
    }
}

/// `stop`: one text or several.
struct StopTexts: Decodable {
    let texts: [String]

    init(_ texts: [String]) { self.texts = texts }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        texts = try (try? container.decode(String.self)).map { [$0] } ?? container.decode([String].self)
    }
}
