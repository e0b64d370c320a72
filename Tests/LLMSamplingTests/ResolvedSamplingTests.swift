import LLMSampling
import Testing

@Suite struct ResolvedSamplingTests {
    @Test func `Nothing set anywhere gives vLLM's defaults`() throws {
        let resolved = try resolve(SamplingParameters())
        #expect(resolved.temperature == 1 && !resolved.isGreedy)
        #expect(resolved.topP == 1 && resolved.topK == 0 && resolved.minP == 0)
        #expect(resolved.repetitionPenalty == 1 && resolved.presencePenalty == 0 && resolved.frequencyPenalty == 0)
        #expect(resolved.maxTokens == nil && resolved.minTokens == 0 && resolved.logprobs == nil)
        #expect(resolved.stop.isEmpty && resolved.endTokenIDs.isEmpty)
    }

    @Test func `The request's value goes before the model's, field by field`() throws {
        let defaults = try SamplingDefaults(temperature: 0.6, topP: 0.95, topK: 20, minP: 0.1, repetitionPenalty: 1.05)
        let resolved = try SamplingParameters(temperature: 0.9, topK: -1)
            .resolved(defaults: defaults, vocabularySize: 10)
        #expect(resolved.temperature == 0.9)
        #expect(resolved.topK == 0)
        #expect(resolved.topP == 0.95 && resolved.minP == 0.1 && resolved.repetitionPenalty == 1.05)
    }

    @Test func `A temperature of 0 is greedy and turns the filters off, not the penalties`() throws {
        let resolved = try resolve(
            SamplingParameters(repetitionPenalty: 1.2, temperature: 0, topP: 0.5, topK: 3, minP: 0.2))
        #expect(resolved.isGreedy)
        #expect(resolved.topP == 1 && resolved.topK == 0 && resolved.minP == 0)
        #expect(resolved.repetitionPenalty == 1.2)
    }

    @Test func `A model that does not sample is greedy unless the request sets a temperature`() throws {
        let defaults = try SamplingDefaults(temperature: 0.6, topP: 0.9, doSample: false)
        let untouched = try SamplingParameters(topP: 0.5).resolved(defaults: defaults, vocabularySize: 10)
        #expect(untouched.isGreedy && untouched.topP == 1)
        let warmed = try SamplingParameters(temperature: 0.8).resolved(defaults: defaults, vocabularySize: 10)
        #expect(warmed.temperature == 0.8 && warmed.topP == 0.9)
        #expect(try SamplingDefaults(temperature: 0.6, doSample: true).temperature == 0.6)
    }

    @Test func `A request's temperature of 0 is greedy whatever the model recommends`() throws {
        let defaults = try SamplingDefaults(temperature: 0.6, topK: 20, doSample: true)
        let resolved = try SamplingParameters(temperature: 0).resolved(defaults: defaults, vocabularySize: 10)
        #expect(resolved.isGreedy && resolved.topK == 0)
    }

    @Test func `A stop token outside the vocabulary is refused by id and size`() throws {
        let parameters = try SamplingParameters(stopTokenIDs: [9, 10])
        #expect(throws: SamplingError.self) { try parameters.resolved(vocabularySize: 10) }
        do throws(SamplingError) {
            _ = try parameters.resolved(vocabularySize: 10)
        } catch {
            #expect(error.code == .notInVocabulary && error.field == "stop_token_ids")
            #expect(error.message.contains("10") && error.message.contains("[0, 9]"))
        }
        #expect(try parameters.resolved(vocabularySize: 11).endTokenIDs == [9, 10])
    }

    @Test func `EOS ends the output unless it is ignored, and is masked before the minimum either way`() throws {
        let plain = try resolve(SamplingParameters(stopTokenIDs: [5]), eos: [2, 3, 999])
        #expect(plain.endTokenIDs == [2, 3, 5] && plain.maskedTokenIDs == [2, 3, 5])
        let ignoring = try resolve(SamplingParameters(stopTokenIDs: [5], ignoreEOS: true), eos: [2, 3])
        #expect(ignoring.endTokenIDs == [5] && ignoring.maskedTokenIDs == [2, 3, 5])
    }

    @Test func `A seed is kept, and taken only where there is none`() throws {
        #expect(try resolve(SamplingParameters(seed: -7), seed: 1).seed == -7)
        #expect(try resolve(SamplingParameters(), seed: 1).seed == 1)
        for _ in 0..<100 { #expect((0..<(1 << 53)).contains(SamplingParameters.randomSeed())) }
    }
}
