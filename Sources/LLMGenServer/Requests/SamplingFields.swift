import LLMGen
import LLMJSON

/// The fields of a request that say how tokens are chosen, under the names of OpenAI and vLLM.
///
/// `max_tokens` and what is reported of log probabilities are not among them: routes differ in these.
enum SamplingFields {
    /// Takes the fields out of `fields`.
    static func parameters(
        _ fields: inout RequestFields, options: ServerOptions, maxTokens: Int?, logprobs: Int?, promptLogprobs: Int?
    ) throws(ErrorResponse) -> SamplingParameters {
        let n = try fields.integer("n")
        let stop = try fields.textOrTexts("stop")
        if let count = stop?.count, count > options.maxStops {
            throw fields.invalid("stop", "has \(count) texts; at most \(options.maxStops) are taken")
        }
        let penalties = (
            presence: try fields.number("presence_penalty"), frequency: try fields.number("frequency_penalty"),
            repetition: try fields.number("repetition_penalty")
        )
        let dry = (
            multiplier: try fields.number("dry_multiplier"), base: try fields.number("dry_base"),
            length: try fields.integer("dry_allowed_length"), last: try fields.integer("dry_penalty_last_n"),
            breakers: try fields.texts("dry_sequence_breakers")
        )
        let seed = try fields.integer("seed").map(Int64.init)
        let biases = try logitBias(&fields)
        let repetition = try repetitionDetection(&fields)
        let temperature = try fields.number("temperature")
        let (topP, topK, minP) = (
            try fields.number("top_p"), try fields.integer("top_k"), try fields.number("min_p")
        )
        let (typicalP, topNSigma) = (try fields.number("typical_p"), try fields.number("top_n_sigma"))
        let dynamic = (range: try fields.number("dynatemp_range"), exponent: try fields.number("dynatemp_exponent"))
        let xtc = (probability: try fields.number("xtc_probability"), threshold: try fields.number("xtc_threshold"))
        let mirostat = (
            version: try fields.integer("mirostat"), tau: try fields.number("mirostat_tau"),
            eta: try fields.number("mirostat_eta")
        )
        let stopTokenIDs = try fields.tokenIDs("stop_token_ids")
        let (includesStop, ignoresEOS) = (
            try fields.flag("include_stop_str_in_output"), try fields.flag("ignore_eos")
        )
        let minTokens = try fields.integer("min_tokens")
        let allowed = try fields.tokenIDs("allowed_token_ids")
        let badWords = try fields.texts("bad_words")
        let skipsSpecial = try fields.flag("skip_special_tokens")
        let spaces = try fields.flag("spaces_between_special_tokens")
        let truncation = try fields.integer("truncate_prompt_tokens")
        do throws(SamplingError) {
            return try SamplingParameters(
                n: n, presencePenalty: penalties.presence, frequencyPenalty: penalties.frequency,
                repetitionPenalty: penalties.repetition, temperature: temperature, topP: topP, topK: topK, minP: minP,
                typicalP: typicalP, topNSigma: topNSigma, dynatempRange: dynamic.range,
                dynatempExponent: dynamic.exponent, xtcProbability: xtc.probability, xtcThreshold: xtc.threshold,
                mirostat: mirostat.version, mirostatTau: mirostat.tau, mirostatEta: mirostat.eta,
                dryMultiplier: dry.multiplier, dryBase: dry.base, dryAllowedLength: dry.length,
                dryPenaltyLastN: dry.last, drySequenceBreakers: dry.breakers, seed: seed, stop: stop,
                stopTokenIDs: stopTokenIDs, includeStopStrInOutput: includesStop, ignoreEOS: ignoresEOS,
                maxTokens: maxTokens, minTokens: minTokens, logprobs: logprobs, promptLogprobs: promptLogprobs,
                logitBias: biases, allowedTokenIDs: allowed, badWords: badWords, skipSpecialTokens: skipsSpecial,
                spacesBetweenSpecialTokens: spaces, truncatePromptTokens: truncation, repetitionDetection: repetition)
        } catch {
            throw .invalid(error.message, param: error.field)
        }
    }

    /// `logit_bias`: an object from token ids, as text, to numbers.
    private static func logitBias(_ fields: inout RequestFields) throws(ErrorResponse) -> [TokenID: Double]? {
        guard let value = fields.value("logit_bias") else { return nil }
        guard case .object(let members) = value else {
            throw fields.invalid("logit_bias", "is \(value.kindName); it must be an object from token ids to numbers")
        }
        var biases: [TokenID: Double] = [:]
        for (key, value) in members {
            guard let id = TokenID(key), let bias = value.finiteNumber else {
                throw fields.invalid(
                    "logit_bias",
                    "has the member \(key.quoted) of \(value.kindName); "
                        + "names must be token ids, and values numbers")
            }
            biases[id] = bias
        }
        return biases
    }

    /// `repetition_detection`: an object with vLLM's names.
    private static func repetitionDetection(
        _ fields: inout RequestFields
    ) throws(ErrorResponse) -> RepetitionDetection? {
        guard var object = try fields.object("repetition_detection") else { return nil }
        guard let largest = try object.integer("max_pattern_size"), let count = try object.integer("min_count") else {
            throw fields.invalid("repetition_detection", "needs max_pattern_size and min_count")
        }
        let smallest = try object.integer("min_pattern_size") ?? 0
        try object.finish()
        do throws(SamplingError) {
            return try RepetitionDetection(maxPatternSize: largest, minPatternSize: smallest, minCount: count)
        } catch {
            throw .invalid(error.message, param: error.field)
        }
    }
}
