import LLMJSON
import LLMSampling
import Testing

/// A construction that must be refused: the field, the value and the range that the message names.
private struct Refusal: Sendable, CustomTestStringConvertible {
    let field: String
    let value: String
    let range: String
    let code: SamplingError.Code
    let construct: @Sendable () throws(SamplingError) -> SamplingParameters

    init(
        _ field: String, _ value: String, _ range: String, code: SamplingError.Code = .outOfRange,
        _ construct: @escaping @Sendable () throws(SamplingError) -> SamplingParameters
    ) {
        (self.field, self.value, self.range, self.code, self.construct) = (field, value, range, code, construct)
    }

    var testDescription: String { "\(field) \(value)" }

    /// One for each value of a field.
    static func each<Value: Numeric & Sendable>(
        _ field: String, _ range: String, _ values: [Value],
        _ construct: @escaping @Sendable (Value) throws(SamplingError) -> SamplingParameters
    ) -> [Refusal] {
        values.map { value in
            Refusal(field, "\(value)", range) { () throws(SamplingError) in try construct(value) }
        }
    }
}

private func repeating(_ largest: Int, _ smallest: Int, _ count: Int) throws(SamplingError) -> SamplingParameters {
    try SamplingParameters(
        repetitionDetection: RepetitionDetection(maxPatternSize: largest, minPatternSize: smallest, minCount: count))
}

private let bad: [Double] = [.nan, .infinity, -.infinity]

private let numbers: [Refusal] =
    Refusal.each("presence_penalty", "[-2, 2]", bad + [-2.5]) { v throws(SamplingError) in
        try SamplingParameters(presencePenalty: v)
    }
    + Refusal.each("frequency_penalty", "[-2, 2]", bad + [2.5]) { v throws(SamplingError) in
        try SamplingParameters(frequencyPenalty: v)
    }
    + Refusal.each("repetition_penalty", "(0, infinity)", bad + [0, -1]) { v throws(SamplingError) in
        try SamplingParameters(repetitionPenalty: v)
    }
    + Refusal.each("temperature", "[0, 2]", bad + [-0.1, 2.1]) { v throws(SamplingError) in
        try SamplingParameters(temperature: v)
    }
    + Refusal.each("top_p", "[0, 1]", bad + [-0.5, 1.5]) { v throws(SamplingError) in
        try SamplingParameters(topP: v)
    }
    + Refusal.each("min_p", "[0, 1]", bad + [-0.1, 1.1]) { v throws(SamplingError) in
        try SamplingParameters(minP: v)
    }
    + Refusal.each("typical_p", "(0, 1]", bad + [0, 1.01]) { v throws(SamplingError) in
        try SamplingParameters(typicalP: v)
    }
    + Refusal.each("top_n_sigma", "[0, infinity), or -1", bad + [-0.5, -2]) { v throws(SamplingError) in
        try SamplingParameters(topNSigma: v)
    }
    + Refusal.each("dynatemp_range", "[0, 2]", bad + [-0.1, 2.1]) { v throws(SamplingError) in
        try SamplingParameters(dynatempRange: v)
    }
    + Refusal.each("dynatemp_exponent", "[0, infinity)", bad + [-1]) { v throws(SamplingError) in
        try SamplingParameters(dynatempExponent: v)
    }
    + Refusal.each("xtc_probability", "[0, 1]", bad + [-0.1, 1.1]) { v throws(SamplingError) in
        try SamplingParameters(xtcProbability: v)
    }
    + Refusal.each("xtc_threshold", "[0, 1]", bad + [-0.1, 1.1]) { v throws(SamplingError) in
        try SamplingParameters(xtcThreshold: v)
    }
    + Refusal.each("mirostat_tau", "[0, 100]", bad + [-1, 101]) { v throws(SamplingError) in
        try SamplingParameters(mirostatTau: v)
    }
    + Refusal.each("mirostat_eta", "[0, 1]", bad + [-0.1, 1.1]) { v throws(SamplingError) in
        try SamplingParameters(mirostatEta: v)
    }
    + Refusal.each("dry_multiplier", "[0, infinity)", bad + [-1]) { v throws(SamplingError) in
        try SamplingParameters(dryMultiplier: v)
    }
    + Refusal.each("dry_base", "[1, infinity)", bad + [0.9]) { v throws(SamplingError) in
        try SamplingParameters(dryBase: v)
    }

private let counts: [Refusal] =
    Refusal.each("n", "[1, 128]", [0, -1, 129]) { v throws(SamplingError) in try SamplingParameters(n: v) }
    + Refusal.each("top_k", "-1 or more", [-2]) { v throws(SamplingError) in try SamplingParameters(topK: v) }
    + Refusal.each("mirostat", "{0, 2}", [-1, 3]) { v throws(SamplingError) in try SamplingParameters(mirostat: v) }
    + Refusal.each("dry_allowed_length", "1 or more", [0]) { v throws(SamplingError) in
        try SamplingParameters(dryAllowedLength: v)
    }
    + Refusal.each("dry_penalty_last_n", "-1 or more", [-2]) { v throws(SamplingError) in
        try SamplingParameters(dryPenaltyLastN: v)
    }
    + Refusal.each("max_tokens", "1 or more", [0, -4]) { v throws(SamplingError) in
        try SamplingParameters(maxTokens: v)
    }
    + Refusal.each("min_tokens", "0 or more", [-1]) { v throws(SamplingError) in try SamplingParameters(minTokens: v) }
    + Refusal.each("logprobs", "[0, 20]", [-1, 21]) { v throws(SamplingError) in try SamplingParameters(logprobs: v) }
    + Refusal.each("prompt_logprobs", "[0, 20]", [-1, 21]) { v throws(SamplingError) in
        try SamplingParameters(promptLogprobs: v)
    }
    + Refusal.each("truncate_prompt_tokens", "1 or more, or -1", [0, -2]) { v throws(SamplingError) in
        try SamplingParameters(truncatePromptTokens: v)
    }
    + Refusal.each("repetition_detection.max_pattern_size", "[1, 1024]", [0, 1025]) { v throws(SamplingError) in
        try repeating(v, 0, 2)
    }
    + Refusal.each("repetition_detection.min_pattern_size", "[0, 4]", [-1, 5]) { v throws(SamplingError) in
        try repeating(4, v, 2)
    }
    + Refusal.each("repetition_detection.min_count", "2 or more", [1]) { v throws(SamplingError) in
        try repeating(4, 0, v)
    }

private let lists: [Refusal] = [
    Refusal("stop", "index 1", "1") { () throws(SamplingError) in try SamplingParameters(stop: ["a", ""]) },
    Refusal("stop", "index 0 has 1025", "[1, 1024]") { () throws(SamplingError) in
        try SamplingParameters(stop: [String(repeating: "x", count: 1025)])
    },
    Refusal("stop", "65 entries", "[0, 64]") { () throws(SamplingError) in
        try SamplingParameters(stop: Array(repeating: "a", count: 65))
    },
    Refusal("stop_token_ids", "-3", "0 or more") { () throws(SamplingError) in
        try SamplingParameters(stopTokenIDs: [4, -3])
    },
    Refusal("stop_token_ids", "1025 entries", "[0, 1024]") { () throws(SamplingError) in
        try SamplingParameters(stopTokenIDs: Array(0..<1025))
    },
    Refusal("bad_words", "index 0 is empty", "1") { () throws(SamplingError) in try SamplingParameters(badWords: [""])
    },
    Refusal("bad_words", "129 entries", "[0, 128]") { () throws(SamplingError) in
        try SamplingParameters(badWords: Array(repeating: "a", count: 129))
    },
    Refusal("dry_sequence_breakers", "index 0 has 65", "[1, 64]") { () throws(SamplingError) in
        try SamplingParameters(drySequenceBreakers: [String(repeating: "x", count: 65)])
    },
    Refusal("dry_sequence_breakers", "65 entries", "[0, 64]") { () throws(SamplingError) in
        try SamplingParameters(drySequenceBreakers: Array(repeating: "a", count: 65))
    },
    Refusal("allowed_token_ids", "empty", "1") { () throws(SamplingError) in try SamplingParameters(allowedTokenIDs: [])
    },
    Refusal("allowed_token_ids", "-1", "0 or more") { () throws(SamplingError) in
        try SamplingParameters(allowedTokenIDs: [-1])
    },
    Refusal("allowed_token_ids", "65537 entries", "[0, 65536]") { () throws(SamplingError) in
        try SamplingParameters(allowedTokenIDs: Array(0..<65537))
    },
    Refusal("logit_bias", "-2", "0 or more") { () throws(SamplingError) in try SamplingParameters(logitBias: [-2: 1]) },
    Refusal("logit_bias", "bias of 2, nan", "[-100, 100]") { () throws(SamplingError) in
        try SamplingParameters(logitBias: [2: .nan])
    },
    Refusal("logit_bias", "1025 entries", "[0, 1024]") { () throws(SamplingError) in
        try SamplingParameters(logitBias: Dictionary(uniqueKeysWithValues: (0..<1025).map { ($0, 1.0) }))
    },
    Refusal("mirostat", "version 1", "0 and 2", code: .unsupported) { () throws(SamplingError) in
        try SamplingParameters(mirostat: 1)
    },
    Refusal("min_tokens", "9", "8", code: .conflict) { () throws(SamplingError) in
        try SamplingParameters(maxTokens: 8, minTokens: 9)
    },
]

@Suite struct SamplingParametersTests {
    @Test func `Fields left out stay unset`() throws {
        let parameters = try SamplingParameters()
        #expect(parameters == (try SamplingParameters(n: nil, temperature: nil, stop: nil, logprobs: nil)))
        #expect(parameters == .unset && SamplingDraft().names.isEmpty)
    }

    @Test func `The ends of every range are accepted`() throws {
        _ = try SamplingParameters(
            n: 128, presencePenalty: -2, frequencyPenalty: 2, repetitionPenalty: .leastNonzeroMagnitude, temperature: 2,
            topP: 1, topK: -1, minP: 1, typicalP: 1, topNSigma: -1, dynatempRange: 2, dynatempExponent: 0,
            xtcProbability: 1, xtcThreshold: 1, mirostat: 0, mirostatTau: 100, mirostatEta: 1, dryMultiplier: 0,
            dryBase: 1, dryAllowedLength: 1, dryPenaltyLastN: -1, drySequenceBreakers: [], seed: .min, stop: [],
            stopTokenIDs: [0], maxTokens: 1, minTokens: 1, logprobs: 20, promptLogprobs: 20, logitBias: [:],
            allowedTokenIDs: [.max], badWords: [], truncatePromptTokens: -1,
            repetitionDetection: RepetitionDetection(maxPatternSize: 1024, minPatternSize: 1024, minCount: 2))
        _ = try SamplingParameters(
            n: 1, presencePenalty: 2, frequencyPenalty: -2, repetitionPenalty: .greatestFiniteMagnitude, temperature: 0,
            topP: 0, topK: 0, minP: 0, typicalP: .leastNonzeroMagnitude, topNSigma: 0,
            dynatempRange: 0, dynatempExponent: .greatestFiniteMagnitude, xtcProbability: 0, xtcThreshold: 0,
            mirostat: 2, mirostatTau: 0, mirostatEta: 0, dryMultiplier: .greatestFiniteMagnitude,
            dryBase: .greatestFiniteMagnitude, dryAllowedLength: .max, dryPenaltyLastN: .max, minTokens: 0, logprobs: 0,
            promptLogprobs: 0, truncatePromptTokens: 1,
            repetitionDetection: RepetitionDetection(maxPatternSize: 1, minPatternSize: 0, minCount: .max))
    }

    @Test(arguments: numbers + counts + lists)
    fileprivate func `A value out of range is refused with the field, the value and the range`(refusal: Refusal) {
        do throws(SamplingError) {
            _ = try refusal.construct()
            Issue.record("accepted")
        } catch {
            #expect(error.code == refusal.code)
            #expect(error.field == refusal.field)
            #expect(error.message.hasPrefix("\(refusal.field): "))
            #expect(error.message.contains(refusal.value))
            #expect(error.message.contains(refusal.range))
            #expect(error.message.contains("; "))
            #expect(!error.message.contains("\n"))
        }
    }

    @Test func `A temperature between 0 and 0.01 is raised to 0.01`() throws {
        #expect(try SamplingParameters(temperature: 1e-6).temperature == 0.01)
        #expect(try SamplingParameters(temperature: 0.009).temperature == 0.01)
        #expect(try SamplingParameters(temperature: 0).temperature == 0)
        #expect(try SamplingParameters(temperature: -0.0).temperature?.sign == .plus)
    }

    @Test func `Lists lose their duplicates, and biases beyond 100 are 100`() throws {
        let parameters = try SamplingParameters(
            seed: -1, stopTokenIDs: [5, 3, 5], logitBias: [1: 100.5, 2: -.infinity, 3: -99],
            allowedTokenIDs: [9, 2, 9])
        #expect(parameters.seed == nil)
        #expect(parameters.stopTokenIDs == [5, 3])
        #expect(parameters.logitBias == [1: 100, 2: -100, 3: -99])
        #expect(parameters.allowedTokenIDs == [2, 9])
    }

    @Test(arguments: [
        ("top_p", "7"), ("typical_p", "0"), ("max_new_tokens", "0"), ("temperature", "-1,\"do_sample\":true"),
        ("top_k", "\"all\""),
    ])
    func `A model's recommendations keep to the same kinds and ranges`(field: String, value: String) {
        do throws(SamplingError) {
            _ = try recommended("{\"\(field)\":\(value)}")
            Issue.record("\(field) was accepted")
        } catch {
            #expect(error.code == (field == "top_k" ? .invalidType : .outOfRange))
            #expect(error.field == "generation_config.\(field)")
        }
    }

    @Test func `A parameter needs no label to be set, read and resolved`() throws {
        var draft = SamplingDraft()
        draft.etaCutoff = 0.25
        try draft.set("logit_bias", to: JSONValue(Array("{\"7\":-1.5}".utf8)))
        let parameters = try SamplingParameters(draft)
        #expect(draft.names == ["eta_cutoff", "logit_bias"])
        #expect(parameters.etaCutoff == 0.25 && parameters.logitBias == [7: -1.5])
        #expect(try resolve(parameters).etaCutoff == 0.25)
        draft.unset("eta_cutoff")
        #expect(draft.etaCutoff == nil)
    }

    @Test func `Two names of one id are no biases`() {
        for name in ["+442", "0442", " 442", "-0"] {
            var draft = SamplingDraft()
            #expect(throws: SamplingError.self) {
                try draft.set("logit_bias", to: JSONValue(Array("{\"442\":-100,\"\(name)\":100}".utf8)))
            }
        }
    }
}
