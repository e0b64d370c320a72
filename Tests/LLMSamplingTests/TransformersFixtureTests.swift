import Foundation
import LLMSampling
import LLMTestSupport
import Testing

/// What Hugging Face's logits processors do to the same rows (Tests/Fixtures/sampling/make_fixture.py).
private struct Fixture: Decodable {
    struct Filter: Decodable {
        let logits: [Float]
        let temperature: Double
        let minP: Double
        let topK: Int
        let topP: Double
        let kept: [TokenID]
    }

    struct Penalty: Decodable {
        let logits: [Float]
        let prompt: [TokenID]
        let output: [TokenID]
        let repetitionPenalty: Double
        let penalized: [Float]
    }

    struct Cutoff: Decodable {
        let logits: [Float]
        let temperature: Double
        let topP: Double
        let epsilon: Double
        let eta: Double
        let kept: [TokenID]
    }

    struct LogSoftmax: Decodable {
        let logits: [Float]
        let logprobs: [Double]
    }

    let filters: [Filter]
    let penalties: [Penalty]
    let cutoffs: [Cutoff]
    let logSoftmax: LogSoftmax

    static func load() throws -> Fixture {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let data = try Data(contentsOf: Paths.fixtures.appending(path: "sampling/transformers.json"))
        return try decoder.decode(Fixture.self, from: data)
    }
}

@Suite struct TransformersFixtureTests {
    @Test func `The same tokens are kept`() throws {
        let filters = try Fixture.load().filters
        #expect(!filters.isEmpty)
        for filter in filters {
            let parameters = try resolve(
                SamplingParameters(
                    temperature: filter.temperature, topP: filter.topP, topK: filter.topK, minP: filter.minP))
            #expect(try candidates(filter.logits, parameters).keptIDs == filter.kept, "\(parameters)")
        }
    }

    @Test func `The same tokens are kept by epsilon and eta`() throws {
        let cutoffs = try Fixture.load().cutoffs
        #expect(!cutoffs.isEmpty)
        for cutoff in cutoffs {
            let parameters = try resolve(
                SamplingParameters(
                    temperature: cutoff.temperature, topP: cutoff.topP, epsilonCutoff: cutoff.epsilon,
                    etaCutoff: cutoff.eta))
            #expect(try candidates(cutoff.logits, parameters).keptIDs == cutoff.kept, "\(cutoff)")
        }
    }

    @Test func `The same logits come from the repetition penalty`() throws {
        for penalty in try Fixture.load().penalties {
            let parameters = try resolve(SamplingParameters(repetitionPenalty: penalty.repetitionPenalty))
            let edited = try candidates(
                penalty.logits, parameters, history(parameters, prompt: penalty.prompt, output: penalty.output))
            for (index, expected) in penalty.penalized.enumerated() {
                #expect(abs(edited.logit(at: index) - expected) <= 2e-6, "token \(index)")
            }
        }
    }

    @Test func `The same logprobs come from the row`() throws {
        let row = try Fixture.load().logSoftmax
        var sampler = Sampler()
        let parameters = try resolve(SamplingParameters(logprobs: 20))
        let token = try sampler.next(row.logits.span, parameters, history(parameters))
        let logprobs = try #require(token.logprobs)
        #expect(logprobs.top.count == min(20, row.logprobs.count))
        for entry in logprobs.top { #expect(abs(entry.logprob - row.logprobs[Int(entry.tokenID)]) < 1e-12) }
    }
}
