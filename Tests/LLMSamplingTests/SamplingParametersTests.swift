import LLMSampling
import Testing

@Suite struct SamplingParametersTests {
    @Test func `Fields left out stay unset`() throws {
        let parameters = try SamplingParameters()
        #expect(parameters == (try SamplingParameters(n: nil, temperature: nil, stop: nil, logprobs: nil)))
        #expect(parameters.temperature == nil && parameters.topK == nil && parameters.seed == nil)
    }

    @Test func `The ends of every range are accepted`() throws {
        _ = try SamplingParameters(
            n: 1, presencePenalty: -2, frequencyPenalty: 2, repetitionPenalty: .leastNonzeroMagnitude, temperature: 2,
            topP: 1, topK: -1, minP: 1, seed: .min, stop: [], stopTokenIDs: [0], maxTokens: 1, minTokens: 1,
            logprobs: 20)
        _ = try SamplingParameters(
            presencePenalty: 2, frequencyPenalty: -2, repetitionPenalty: .greatestFiniteMagnitude, temperature: 0,
            topP: .leastNonzeroMagnitude, topK: 0, minP: 0, minTokens: 0, logprobs: 0)
    }

    @Test func `A value out of range is refused with the field, the value and the range`() {
        expectRefusal("presence_penalty", "-2.5", "[-2, 2]") { () throws(SamplingError) in
            try SamplingParameters(presencePenalty: -2.5)
        }
        expectRefusal("frequency_penalty", "2.5", "[-2, 2]") { () throws(SamplingError) in
            try SamplingParameters(frequencyPenalty: 2.5)
        }
        for value in [0, -1, .infinity] as [Double] {
            expectRefusal("repetition_penalty", "\(value)", "(0, infinity)") { () throws(SamplingError) in
                try SamplingParameters(repetitionPenalty: value)
            }
        }
        for value in [-0.1, 2.1, .infinity, -.infinity] as [Double] {
            expectRefusal("temperature", "\(value)", "[0, 2]") { () throws(SamplingError) in
                try SamplingParameters(temperature: value)
            }
        }
        for value in [0, -0.5, 1.5] as [Double] {
            expectRefusal("top_p", "\(value)", "(0, 1]") { () throws(SamplingError) in
                try SamplingParameters(topP: value)
            }
        }
        expectRefusal("top_k", "-2", "-1 or more") { () throws(SamplingError) in try SamplingParameters(topK: -2) }
        for value in [-0.1, 1.1] {
            expectRefusal("min_p", "\(value)", "[0, 1]") { () throws(SamplingError) in
                try SamplingParameters(minP: value)
            }
        }
        expectRefusal("stop", "index 1", "1") { () throws(SamplingError) in try SamplingParameters(stop: ["a", ""]) }
        expectRefusal("stop_token_ids", "-3", "0 or more") { () throws(SamplingError) in
            try SamplingParameters(stopTokenIDs: [4, -3])
        }
        expectRefusal("max_tokens", "0", "1 or more") { () throws(SamplingError) in
            try SamplingParameters(maxTokens: 0)
        }
        expectRefusal("min_tokens", "-1", "0 or more") { () throws(SamplingError) in
            try SamplingParameters(minTokens: -1)
        }
        for value in [-1, 21] {
            expectRefusal("logprobs", "\(value)", "[0, 20]") { () throws(SamplingError) in
                try SamplingParameters(logprobs: value)
            }
        }
        expectRefusal("n", "0", "1 or more") { () throws(SamplingError) in try SamplingParameters(n: 0) }
    }

    @Test func `NaN is refused everywhere`() {
        let constructions: [(String, (Double) throws(SamplingError) -> SamplingParameters)] = [
            ("presence_penalty", { value throws(SamplingError) in try SamplingParameters(presencePenalty: value) }),
            ("frequency_penalty", { value throws(SamplingError) in try SamplingParameters(frequencyPenalty: value) }),
            ("repetition_penalty", { value throws(SamplingError) in try SamplingParameters(repetitionPenalty: value) }),
            ("temperature", { value throws(SamplingError) in try SamplingParameters(temperature: value) }),
            ("top_p", { value throws(SamplingError) in try SamplingParameters(topP: value) }),
            ("min_p", { value throws(SamplingError) in try SamplingParameters(minP: value) }),
        ]
        for (field, construct) in constructions {
            expectRefusal(field, "nan", "range") { () throws(SamplingError) in try construct(.nan) }
        }
    }

    @Test func `More sequences than one are unsupported, and the error says so`() {
        expectRefusal("n", "2 sequences", "[1, 1]", code: .unsupported) { () throws(SamplingError) in
            try SamplingParameters(n: 2)
        }
    }

    @Test func `A minimum above the maximum is a conflict`() {
        expectRefusal("min_tokens", "9", "8", code: .conflict) { () throws(SamplingError) in
            try SamplingParameters(maxTokens: 8, minTokens: 9)
        }
    }

    @Test func `A temperature between 0 and 0.01 is raised to 0.01`() throws {
        #expect(try SamplingParameters(temperature: 1e-6).temperature == 0.01)
        #expect(try SamplingParameters(temperature: 0.009).temperature == 0.01)
        #expect(try SamplingParameters(temperature: 0).temperature == 0)
        #expect(try SamplingParameters(temperature: -0.0).temperature?.sign == .plus)
    }

    @Test func `Seed -1 counts as unset and stop tokens lose their duplicates`() throws {
        let parameters = try SamplingParameters(seed: -1, stopTokenIDs: [5, 3, 5])
        #expect(parameters.seed == nil)
        #expect(parameters.stopTokenIDs == [5, 3])
    }

    @Test func `A model's recommendations keep to the same ranges`() {
        expectRefusal("generation_config.top_p", "7.0", "(0, 1]") { () throws(SamplingError) in
            try SamplingDefaults(topP: 7)
        }
        expectRefusal("generation_config.temperature", "nan", "[0, 2]") { () throws(SamplingError) in
            try SamplingDefaults(temperature: .nan, doSample: false)
        }
    }

    private func expectRefusal<Value>(
        _ field: String, _ value: String, _ range: String, code: SamplingError.Code = .outOfRange,
        _ body: () throws(SamplingError) -> Value
    ) {
        do throws(SamplingError) {
            _ = try body()
            Issue.record("\(field) \(value) was accepted")
        } catch {
            #expect(error.code == code)
            #expect(error.field == field)
            #expect(error.message.hasPrefix("\(field): "))
            #expect(error.message.contains(value))
            #expect(error.message.contains(range))
            #expect(error.message.contains("; "))
            #expect(!error.message.contains("\n"))
        }
    }
}
