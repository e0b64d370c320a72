import LLMGen
import LLMSampling
import LLMScheduling
import Testing

@Suite struct BeamSearchTests {
    private let story: Prompt = "The king said to his youngest son"

    private struct Hypothesis {
        var tokens: [TokenID]
        var logprob: Double
    }

    /// The search as vLLM does it: one request a beam and step, for the most probable tokens after it.
    private func reference(
        _ engine: Engine, _ parameters: BeamSearchParameters, eos: Set<TokenID>
    ) async throws -> [(tokens: [TokenID], score: Double)] {
        let prompt = try engine.tokens(of: story)
        var beams = [Hypothesis(tokens: [], logprob: 0)]
        var ended: [(tokens: [TokenID], score: Double)] = []
        let count = 2 * parameters.beamWidth
        func score(_ logprob: Double, _ length: Int) -> Double {
            logprob / PortableMath.exp(parameters.lengthPenalty * PortableMath.log(Double(length)))
        }
        for _ in 0..<parameters.maxTokens {
            var next: [Hypothesis] = []
            for beam in beams {
                let output = try await engine.generate(
                    [.tokenIDs(prompt + beam.tokens)],
                    try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 1, logprobs: count))[0]
                for candidate in output.logprobs?[0].top ?? [] {
                    let logprob = beam.logprob + candidate.logprob
                    let tokens = beam.tokens + [candidate.tokenID]
                    if eos.contains(candidate.tokenID), !parameters.ignoreEOS {
                        ended.append((tokens, score(logprob, max(1, beam.tokens.count))))
                    } else {
                        next.append(Hypothesis(tokens: tokens, logprob: logprob))
                    }
                }
            }
            beams = Array(next.sorted { $0.logprob > $1.logprob }.prefix(parameters.beamWidth))
        }
        ended += beams.map { ($0.tokens, score($0.logprob, $0.tokens.count)) }
        return Array(ended.sorted { $0.score > $1.score }.prefix(parameters.beamWidth))
    }

    @Test(arguments: [(1, 12, 1.0), (2, 20, 0.0), (4, 24, 1.0), (8, 10, 2.0)])
    func `A search finds what a search by single requests finds`(width: Int, tokens: Int, penalty: Double) async throws
    {
        let engine = try await Fairytale.engine(EngineOptions(blockSize: 16))
        let parameters = try BeamSearchParameters(beamWidth: width, maxTokens: tokens, lengthPenalty: penalty)
        let output = try await engine.beamSearch(story, parameters)
        let wanted = try await reference(engine, parameters, eos: Set(engine.model.eosTokens))
        #expect(output.beams.map(\.tokenIDs) == wanted.map(\.tokens))
        #expect(output.beams.map(\.score) == wanted.map(\.score))
        #expect(output.beams.allSatisfy { !$0.text.isEmpty })
        #expect(await engine.usedBlocks == 0)
    }

    @Test func `The outcome does not depend on the load`() async throws {
        let parameters = try BeamSearchParameters(beamWidth: 3, maxTokens: 20)
        let wanted = try await Fairytale.engine().beamSearch(story, parameters)
        // Blocks for the search and little else, and steps too small for all its beams' prompts.
        let engine = try await Fairytale.engine(EngineOptions(kvBlocks: 14, blockSize: 16, maxNumBatchedTokens: 4))
        let noise = try SamplingParameters(seed: 1, ignoreEOS: true, maxTokens: 80)
        async let others = engine.generate(Array(repeating: story, count: 6), noise)
        for _ in 0..<2 {
            let output = try await engine.beamSearch(story, parameters)
            #expect(output.beams == wanted.beams)
        }
        _ = try await others
        #expect(await engine.usedBlocks == 0)
    }

    @Test func `A search that cannot fit, and parameters out of range, are refused`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(kvBlocks: 8, blockSize: 16))
        let error = await #expect(throws: LLMGenError.self) {
            try await engine.beamSearch(story, try BeamSearchParameters(beamWidth: 4, maxTokens: 60))
        }
        #expect(error?.message.contains("blocks of 16 tokens, and there are 8") == true)
        for (width, tokens, penalty) in [(0, 5, 1), (129, 5, 1), (2, 0, 1), (2, 5, .nan)] as [(Int, Int, Double)] {
            #expect(throws: LLMGenError.self) {
                try BeamSearchParameters(beamWidth: width, maxTokens: tokens, lengthPenalty: penalty)
            }
        }
    }

    @Test func `Cancelling the task ends the search`() async throws {
        let engine = try await Fairytale.engine()
        let task = Task { try await engine.beamSearch(story, try BeamSearchParameters(beamWidth: 8, maxTokens: 900)) }
        try await Task.sleep(for: .milliseconds(20))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await engine.usedBlocks == 0)
    }
}
