import LLMGen

/// Sampling fields under their wire names, from the command line or from a line of a prompt file.
struct SamplingFields: Codable {
    var maxTokens: Int?
    var temperature: Double?
    var topK: Int?
    var topP: Double?
    var minP: Double?
    var typicalP: Double?
    var topNSigma: Double?
    var dynatempRange: Double?
    var dynatempExponent: Double?
    var xtcProbability: Double?
    var xtcThreshold: Double?
    var mirostat: Int?
    var mirostatTau: Double?
    var mirostatEta: Double?
    var seed: Int64?
    var n: Int?
    var stop: StopTexts?
    var stopTokenIDs: [TokenID]?
    var includeStopStrInOutput: Bool?
    var ignoreEOS: Bool?
    var minTokens: Int?
    var repetitionPenalty: Double?
    var presencePenalty: Double?
    var frequencyPenalty: Double?
    var dryMultiplier: Double?
    var dryBase: Double?
    var dryAllowedLength: Int?
    var dryPenaltyLastN: Int?
    var drySequenceBreakers: [String]?
    var logitBias: LogitBiases?
    var allowedTokenIDs: [TokenID]?
    var badWords: [String]?
    var logprobs: Int?
    var promptLogprobs: Int?
    var skipSpecialTokens: Bool?
    var spacesBetweenSpecialTokens: Bool?
    var truncatePromptTokens: Int?
    var repetitionDetection: RepetitionFields?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case maxTokens = "max_tokens"
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case minP = "min_p"
        case typicalP = "typical_p"
        case topNSigma = "top_n_sigma"
        case dynatempRange = "dynatemp_range"
        case dynatempExponent = "dynatemp_exponent"
        case xtcProbability = "xtc_probability"
        case xtcThreshold = "xtc_threshold"
        case mirostat
        case mirostatTau = "mirostat_tau"
        case mirostatEta = "mirostat_eta"
        case seed, n, stop
        case stopTokenIDs = "stop_token_ids"
        case includeStopStrInOutput = "include_stop_str_in_output"
        case ignoreEOS = "ignore_eos"
        case minTokens = "min_tokens"
        case repetitionPenalty = "repetition_penalty"
        case presencePenalty = "presence_penalty"
        case frequencyPenalty = "frequency_penalty"
        case dryMultiplier = "dry_multiplier"
        case dryBase = "dry_base"
        case dryAllowedLength = "dry_allowed_length"
        case dryPenaltyLastN = "dry_penalty_last_n"
        case drySequenceBreakers = "dry_sequence_breakers"
        case logitBias = "logit_bias"
        case allowedTokenIDs = "allowed_token_ids"
        case badWords = "bad_words"
        case logprobs
        case promptLogprobs = "prompt_logprobs"
        case skipSpecialTokens = "skip_special_tokens"
        case spacesBetweenSpecialTokens = "spaces_between_special_tokens"
        case truncatePromptTokens = "truncate_prompt_tokens"
        case repetitionDetection = "repetition_detection"
    }

    /// The parameters of a prompt of `promptTokens`: these fields, then those of `fallback`. Without `max_tokens` 256,
    /// or the room that is left, if less.
    func parameters(
        fallback: SamplingFields? = nil, promptTokens: Int, engine: Engine
    ) throws(LLMGenError) -> SamplingParameters {
        try parameters(fallback: fallback, maxTokens: max(1, min(256, engine.lengthLimit - promptTokens)))
    }

    /// The parameters, with `maxTokens` where no field gives it. - Throws: ``LLMGenError`` `invalidArgument`, naming the
    /// field, its value and its range.
    func parameters(fallback: SamplingFields? = nil, maxTokens unset: Int? = nil) throws(LLMGenError)
        -> SamplingParameters
    {
        func field<Value>(_ path: KeyPath<SamplingFields, Value?>) -> Value? {
            self[keyPath: path] ?? fallback?[keyPath: path]
        }
        do {
            return try SamplingParameters(
                n: field(\.n), presencePenalty: field(\.presencePenalty), frequencyPenalty: field(\.frequencyPenalty),
                repetitionPenalty: field(\.repetitionPenalty), temperature: field(\.temperature), topP: field(\.topP),
                topK: field(\.topK), minP: field(\.minP), typicalP: field(\.typicalP), topNSigma: field(\.topNSigma),
                dynatempRange: field(\.dynatempRange), dynatempExponent: field(\.dynatempExponent),
                xtcProbability: field(\.xtcProbability), xtcThreshold: field(\.xtcThreshold),
                mirostat: field(\.mirostat), mirostatTau: field(\.mirostatTau), mirostatEta: field(\.mirostatEta),
                dryMultiplier: field(\.dryMultiplier), dryBase: field(\.dryBase),
                dryAllowedLength: field(\.dryAllowedLength), dryPenaltyLastN: field(\.dryPenaltyLastN),
                drySequenceBreakers: field(\.drySequenceBreakers), seed: field(\.seed), stop: field(\.stop)?.texts,
                stopTokenIDs: field(\.stopTokenIDs), includeStopStrInOutput: field(\.includeStopStrInOutput),
                ignoreEOS: field(\.ignoreEOS), maxTokens: field(\.maxTokens) ?? unset, minTokens: field(\.minTokens),
                logprobs: field(\.logprobs), promptLogprobs: field(\.promptLogprobs),
                logitBias: field(\.logitBias)?.biases, allowedTokenIDs: field(\.allowedTokenIDs),
                badWords: field(\.badWords), skipSpecialTokens: field(\.skipSpecialTokens),
                spacesBetweenSpecialTokens: field(\.spacesBetweenSpecialTokens),
                truncatePromptTokens: field(\.truncatePromptTokens),
                repetitionDetection: try field(\.repetitionDetection)?.detection())
        } catch {
            throw LLMGenError(code: .invalidArgument, message: error.message, cause: error)
        }
    }
}

/// `stop`: one text or several.
struct StopTexts: Codable {
    let texts: [String]

    init(_ texts: [String]) { self.texts = texts }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        texts = try (try? container.decode(String.self)).map { [$0] } ?? container.decode([String].self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(texts)
    }
}

/// `logit_bias`: an object from token ids, as text, to numbers.
struct LogitBiases: Codable {
    let biases: [TokenID: Double]

    init(_ biases: [TokenID: Double]) { self.biases = biases }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        var biases: [TokenID: Double] = [:]
        for (key, bias) in try container.decode([String: Double].self) {
            guard let id = TokenID(key) else {
                throw DecodingError.typeMismatch(
                    TokenID.self, .init(codingPath: decoder.codingPath, debugDescription: "'\(key)' is no token id"))
            }
            biases[id] = bias
        }
        self.biases = biases
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Dictionary(uniqueKeysWithValues: biases.map { (String($0.key), $0.value) }))
    }
}

/// `repetition_detection`: an object with vLLM's names.
struct RepetitionFields: Codable {
    let maxPatternSize: Int
    let minPatternSize: Int?
    let minCount: Int

    enum CodingKeys: String, CodingKey {
        case maxPatternSize = "max_pattern_size"
        case minPatternSize = "min_pattern_size"
        case minCount = "min_count"
    }

    func detection() throws(SamplingError) -> RepetitionDetection {
        try RepetitionDetection(
            maxPatternSize: maxPatternSize, minPatternSize: minPatternSize ?? 0, minCount: minCount)
    }
}
