import LLMSampling
import LLMTestSupport
import Testing

@Suite struct SamplerTests {
    @Test func `Every token is the one of a plain full sort`() throws {
        let vocabularies = [1, 2, 7, 63, 64, 65, 500, 3000]
        for seed in 0..<400 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let vocabulary = vocabularies[Int(seed) % vocabularies.count]
            let spread = Float.random(in: 0.5...12, using: &generator)
            let logits = (0..<vocabulary).map { _ in generator.float(in: -spread...spread) }
            let temperature = Double.random(in: 0.05...2, using: &generator)
            let minP = Bool.random(using: &generator) ? Double.random(in: 0...0.5, using: &generator) : 0
            let topK = Bool.random(using: &generator) ? Int.random(in: 1...(vocabulary + 3), using: &generator) : 0
            let topP = Bool.random(using: &generator) ? Double.random(in: 0.01...0.999, using: &generator) : 1
            let parameters = try resolve(
                SamplingParameters(temperature: temperature, topP: topP, topK: topK, minP: minP),
                vocabulary: vocabulary, seed: Int64(seed))
            let naive = NaiveSampling(logits, temperature: temperature, minP: minP, topK: topK, topP: topP)
            #expect(try candidates(logits, parameters).keptIDs == naive.kept.map(\.id), "seed \(seed)")

            var sampler = Sampler()
            var history = history(parameters)
            for output in 0..<5 {
                let uniform = Philox.uniform(seed: Int64(seed), output: output, draw: .token)
                let token = try sampler.next(logits.span, parameters, history)
                #expect(token.id == naive.token(at: uniform), "seed \(seed) output \(output)")
                history.append(token)
            }
        }
    }

    @Test func `Greedy takes the highest logit, the lowest id of equal ones`() throws {
        let parameters = try resolve(SamplingParameters(temperature: 0))
        var sampler = Sampler()
        let empty = history(parameters)
        let rows: [(logits: [Float], token: TokenID)] = [
            ([1, 4, 4, 2], 1), ([-3], 0), ([-0.0, 0], 0), ([-9, -8, -.infinity], 1),
        ]
        for (logits, token) in rows {
            #expect(try sampler.next(logits.span, parameters, empty).id == token)
        }
        for seed in 0..<50 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let logits = (0..<Int.random(in: 1...700, using: &generator)).map { _ in
                generator.float(in: -40...40).rounded()
            }
            let highest = logits.max()
            let token = try sampler.next(logits.span, parameters, empty).id
            #expect(Int(token) == logits.firstIndex { $0 == highest }, "seed \(seed)")
        }
    }

    @Test func `NaN is never chosen`() throws {
        let logits: [Float] = [.nan, 1, .nan, 0.5, -.nan]
        var sampler = Sampler()
        let greedy = try resolve(SamplingParameters(temperature: 0), vocabulary: 5)
        #expect(try sampler.next(logits.span, greedy, history(greedy)).id == 1)
        let sampled = try resolve(SamplingParameters(temperature: 2, topP: 0.999, topK: 5), vocabulary: 5)
        var history = history(sampled)
        for _ in 0..<200 {
            let token = try sampler.next(logits.span, sampled, history)
            #expect(token.id == 1 || token.id == 3)
            history.append(token)
        }
    }

    @Test(arguments: [0, 0.5, 2])
    func `Plus infinity wins`(temperature: Double) throws {
        let logits: [Float] = [1, .greatestFiniteMagnitude, .infinity, .nan]
        var sampler = Sampler()
        let settings = [
            try SamplingParameters(temperature: temperature, logprobs: 2),
            try SamplingParameters(temperature: temperature, topP: 0.9, logprobs: 2),
            try SamplingParameters(temperature: temperature, topK: 2, logprobs: 2),
            try SamplingParameters(temperature: temperature, minP: 0.1, logprobs: 2),
            try SamplingParameters(temperature: temperature, typicalP: 0.5, logprobs: 2),
            try SamplingParameters(temperature: temperature, topNSigma: 1, logprobs: 2),
            try SamplingParameters(temperature: temperature, dynatempRange: 1, logprobs: 2),
            try SamplingParameters(temperature: temperature, xtcProbability: 1, xtcThreshold: 0, logprobs: 2),
            try SamplingParameters(temperature: temperature, mirostat: 2, logprobs: 2),
        ]
        for parameters in try settings.map({ try resolve($0) }) {
            let token = try sampler.next(logits.span, parameters, history(parameters))
            #expect(token.id == 2, "\(parameters)")
            #expect(token.logprobs?.chosen.logprob == 0)
        }
    }

    @Test(arguments: [[], [.nan, .nan], [-.infinity, .nan, -.infinity]] as [[Float]])
    func `A row without any number fails the request, and only it`(logits: [Float]) throws {
        var sampler = Sampler()
        for temperature in [0, 1] as [Double] {
            let parameters = try resolve(SamplingParameters(temperature: temperature, topP: 0.9, logprobs: 3))
            do {
                _ = try sampler.next(logits.span, parameters, history(parameters))
                Issue.record("no error")
            } catch {
                #expect(error.code == .noCandidates && error.field == "logits")
            }
            let next: [Float] = [0, 9, 1]
            let greedy = try resolve(SamplingParameters(temperature: 0))
            #expect(try sampler.next(next.span, greedy, history(greedy)).id == 1)
        }
    }

    @Test func `A row whose last tokens are masked fails the request`() throws {
        let parameters = try resolve(SamplingParameters(minTokens: 1), vocabulary: 2, eos: [0])
        let logits: [Float] = [3, -.infinity]
        var sampler = Sampler()
        #expect(throws: SamplingError.self) {
            try sampler.next(logits.span, parameters, history(parameters))
        }
    }

    @Test func `The same arguments give the same token whatever the sampler did before`() throws {
        var used = Sampler()
        for seed in 0..<60 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let vocabulary = Int.random(in: 1...600, using: &generator)
            let logits = (0..<vocabulary).map { _ in generator.float(in: -6...6) }
            let parameters = try resolve(
                SamplingParameters(
                    temperature: 1.2, topP: seed % 2 == 0 ? 0.9 : 1, topK: seed % 3 == 0 ? 50 : 0,
                    logprobs: seed % 5 == 0 ? 3 : nil),
                vocabulary: vocabulary, seed: Int64(seed))
            var fresh = Sampler()
            let empty = history(parameters)
            let expected = try fresh.next(logits.span, parameters, empty)
            #expect(try used.next(logits.span, parameters, empty) == expected, "seed \(seed)")
        }
    }

    @Test func `A vocabulary of 128,256 tokens gives what a plain full sort gives`() throws {
        for (seed, spread) in [(1, 1), (2, 12)] as [(UInt64, Float)] {
            var generator = SeededGenerator(seed: seed)
            let logits = (0..<128_256).map { _ in
                (0..<4).reduce(0) { sum, _ in sum + generator.float(in: -spread...spread) }
            }
            let settings: [(topK: Int, topP: Double, minP: Double)] = [
                (0, 0.9, 0), (0, 0.999, 0), (40, 1, 0), (5000, 0.95, 0), (0, 1, 0.05),
            ]
            for (topK, topP, minP) in settings {
                let parameters = try resolve(
                    SamplingParameters(temperature: 0.8, topP: topP, topK: topK, minP: minP), vocabulary: 128_256)
                let naive = NaiveSampling(logits, temperature: 0.8, minP: minP, topK: topK, topP: topP)
                #expect(
                    try candidates(logits, parameters).keptIDs == naive.kept.map(\.id), "seed \(seed) \(parameters)")
            }
        }
    }

    /// docs/sampling.md, "A worked example".
    @Test func `The documented example comes out`() throws {
        let logits: [Float] = [1, 3, -2, 2, 0, 5]
        let parameters = try resolve(
            SamplingParameters(
                repetitionPenalty: 1.25, temperature: 2, topP: 0.8, topK: 4, dryMultiplier: 1, dryAllowedLength: 1,
                drySequenceBreakers: [], seed: 13),
            vocabulary: 6)
        let steps: [(edited: [Float], kept: [TokenID], uniform: Double, token: TokenID)] = [
            ([1, 3, -2, 2, 0, 4], [1, 3, 5], 0.452, 3),
            ([1, 3, -2, 1.6, 0, 4], [1, 3, 5], 0.663, 5),
            ([1, 3, -2, 0.6, 0, 4], [0, 1, 5], 0.175, 1),
        ]
        var sampler = Sampler()
        var history = history(parameters, prompt: [5])
        for (index, step) in steps.enumerated() {
            let edited = try candidates(logits, parameters, history, through: .logits)
            for id in 0..<6 { #expect(abs(edited.logit(at: id) - step.edited[id]) < 1e-6) }
            #expect(try candidates(logits, parameters, history).keptIDs == step.kept)
            #expect(abs(Philox.uniform(seed: 13, output: index, draw: .token) - step.uniform) < 0.0005)
            let token = try sampler.next(logits.span, parameters, history)
            #expect(token.id == step.token)
            history.append(token)
        }
        let samples = (0..<3).map { SamplingParameters.seed(ofSample: $0, from: 13) }
        #expect(samples == [13, 3_520_916_829_585_956, 7_569_968_579_013_216])
    }
}

/// What the format of an output allows.
@Suite struct OutputMaskTests {
    @Test func `A mask does what a list of allowed tokens does`() throws {
        var random = SeededGenerator(seed: 41)
        var sampler = Sampler()
        for size in [1, 63, 64, 65, 200, 1000] {
            for share in [1, 8, 100] {
                let logits = (0..<size).map { _ in random.float(in: -9...9) }
                var allowed = (0..<size).filter { _ in Int.random(in: 0..<100, using: &random) < share }
                if allowed.isEmpty { allowed = [size - 1] }
                var words = [UInt64](repeating: 0, count: (size + 63) / 64)
                for id in allowed { words[id / 64] |= 1 << UInt64(id % 64) }
                let free = try resolve(SamplingParameters(seed: 5), vocabulary: size)
                let listed = try resolve(
                    SamplingParameters(seed: 5, allowedTokenIDs: allowed.map { TokenID($0) }), vocabulary: size)
                let masked = try sampler.next(logits.span, free, history(free), mask: TokenMask(words: words))
                #expect(try masked == sampler.next(logits.span, listed, history(listed)), "\(size), \(allowed)")
            }
        }
    }

    @Test func `End tokens are held back as long as the mask has others`() throws {
        var sampler = Sampler()
        let logits: [Float] = [0, 1, 9]
        let early = try resolve(SamplingParameters(temperature: 0, minTokens: 4), vocabulary: 3, eos: [2])
        let ignoring = try resolve(SamplingParameters(temperature: 0, ignoreEOS: true), vocabulary: 3, eos: [2])
        for parameters in [early, ignoring] {
            func next(_ mask: UInt64) throws -> TokenID {
                try sampler.next(logits.span, parameters, history(parameters), mask: TokenMask(words: [mask])).id
            }
            #expect(try next(0b101) == 0)
            #expect(try next(0b100) == 2)
        }
    }

    @Test func `Tokens beyond the mask's last word are ruled out`() throws {
        var sampler = Sampler()
        let parameters = try resolve(SamplingParameters(temperature: 0), vocabulary: 130)
        let logits = (0..<130).map { Float($0) }
        #expect(
            try sampler.next(logits.span, parameters, history(parameters), mask: TokenMask(words: [.max])).id == 63)
    }
}
