import Foundation
import LLMSampling
import LLMTestSupport
import Testing

@Suite struct LogprobTests {
    @Test func `Logprobs are the raw model's, before penalties, masks and temperature`() throws {
        let logits: [Float] = [1, 3, 2, -1]
        let parameters = try resolve(
            SamplingParameters(
                repetitionPenalty: 5, temperature: 0.3, topK: 1, minTokens: 1, logprobs: 4),
            vocabulary: 4, eos: [1])
        var sampler = Sampler()
        let token = try sampler.next(logits.span, parameters, history(parameters, prompt: [1, 0]))
        let total = log(logits.reduce(0) { $0 + exp(Double($1)) })
        let logprobs = try #require(token.logprobs)
        #expect(token.id == 2 && logprobs.chosen.tokenID == 2)
        #expect(abs(logprobs.chosen.logprob - (2 - total)) < 1e-12)
        #expect(logprobs.top.map(\.tokenID) == [1, 2, 0, 3])
        for entry in logprobs.top {
            #expect(abs(entry.logprob - (Double(logits[Int(entry.tokenID)]) - total)) < 1e-12)
        }
    }

    @Test func `The most probable tokens are those of a full sort, ties by lower id`() throws {
        for seed in 0..<60 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let vocabulary = Int.random(in: 1...3000, using: &generator)
            let logits = (0..<vocabulary).map { _ in generator.float(in: -30...30).rounded() }
            let wanted = Int.random(in: 0...20, using: &generator)
            var sampler = Sampler()
            let ranked = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }.map(TokenID.init)
            let parameters = try resolve(SamplingParameters(temperature: 0, logprobs: wanted))
            let token = try sampler.next(logits.span, parameters, history(parameters))
            #expect(token.logprobs?.top.map(\.tokenID) == Array(ranked.prefix(wanted)), "seed \(seed)")
        }
    }

    @Test func `No logprobs are worked out unless asked for, and 0 gives the chosen token's alone`() throws {
        let logits: [Float] = [0, 0]
        var sampler = Sampler()
        let none = try resolve(SamplingParameters())
        #expect(try sampler.next(logits.span, none, history(none)).logprobs == nil)
        let chosenOnly = try resolve(SamplingParameters(logprobs: 0))
        let logprobs = try sampler.next(logits.span, chosenOnly, history(chosenOnly)).logprobs
        #expect(logprobs?.top == [])
        #expect(abs((logprobs?.chosen.logprob ?? 0) - log(0.5)) < 1e-15)
    }

    @Test func `A token the model rules out has a logprob of -infinity`() throws {
        let logits: [Float] = [.nan, 0, -.infinity]
        var sampler = Sampler()
        let parameters = try resolve(SamplingParameters(logprobs: 3))
        let token = try sampler.next(logits.span, parameters, history(parameters))
        #expect(token.logprobs?.top.map(\.logprob) == [0, -.infinity, -.infinity])
        #expect(token.logprobs?.top.map(\.tokenID) == [1, 0, 2])
    }

    @Test func `A prompt token's logprobs are the log-softmax of the row before it`() throws {
        for seed in 0..<40 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let vocabulary = Int.random(in: 1...5000, using: &generator)
            let logits = (0..<vocabulary).map { _ in generator.float(in: -20...20) }
            let total = log(logits.reduce(0) { $0 + exp(Double($1)) })
            let token = TokenID.random(in: 0..<TokenID(vocabulary), using: &generator)
            var sampler = Sampler()
            let logprobs = try sampler.logprobs(logits.span, of: token, topCount: 5)
            #expect(logprobs.chosen.tokenID == token)
            #expect(abs(logprobs.chosen.logprob - (Double(logits[Int(token)]) - total)) < 1e-9, "seed \(seed)")
            let ranked = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
            #expect(logprobs.top.map { Int($0.tokenID) } == Array(ranked.prefix(5)), "seed \(seed)")
            for entry in logprobs.top {
                #expect(abs(entry.logprob - (Double(logits[Int(entry.tokenID)]) - total)) < 1e-9, "seed \(seed)")
            }
        }
    }

    @Test func `A beam's tokens are the most probable ones, in order, with their log-softmax`() throws {
        var generator = SeededGenerator(seed: 5)
        let logits = (0..<2000).map { _ in generator.float(in: -8...8) }
        let total = log(logits.reduce(0) { $0 + exp(Double($1)) })
        var sampler = Sampler()
        let tokens = try sampler.mostProbable(logits.span, count: Sampler.mostProbableLimit)
        let ranked = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
        #expect(tokens.map { Int($0.tokenID) } == Array(ranked.prefix(256)))
        for token in tokens { #expect(abs(token.logprob - (Double(logits[Int(token.tokenID)]) - total)) < 1e-9) }
        let few: [Float] = [0, .nan, 1]
        #expect(try sampler.mostProbable(few.span, count: 9).map(\.tokenID) == [2, 0, 1])
        let none: [Float] = [.nan]
        #expect(throws: SamplingError.self) { try sampler.mostProbable(none.span, count: 1) }
    }
}
