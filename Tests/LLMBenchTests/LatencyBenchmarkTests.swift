import LLMBench
import LLMGen
import LLMTestSupport
import Testing

@Suite struct LatencyBenchmarkTests {
    private func engine(_ options: EngineOptions = EngineOptions()) async throws -> Engine {
        let model = try await LanguageModel.load(Paths.fairytale.path, LoadOptions(computeDtype: .float32))
        return try Engine(model: model, options: options)
    }

    @Test func `A batch gives a figure for each phase, and leaves no block in use`() async throws {
        let engine = try await self.engine(EngineOptions(maxNumBatchedTokens: 60))
        let result = try await LatencyBenchmark(inputLength: 20, outputLength: 5, batchSize: 3, runs: 2).run(engine)
        #expect(result.prefillTokensPerSecond > 0 && result.decodeTokensPerSecond > 0)
        #expect(result.ttftSeconds > 0 && result.tpotSeconds > 0 && result.peakRSS > .mebibytes(1))
        await engine.settle()
        #expect(engine.metrics.usedBlocks == 0)
    }

    @Test func `One token a prompt has no decode speed`() async throws {
        let engine = try await self.engine()
        let result = try await LatencyBenchmark(inputLength: 4, outputLength: 1, batchSize: 2, runs: 1).run(engine)
        #expect(result.decodeTokensPerSecond == 0 && result.tpotSeconds == 0)
    }

    @Test func `Sizes below 1 are refused, and a batch that cannot fit`() async throws {
        let engine = try await self.engine(EngineOptions(maxModelLength: 32))
        let error = try #require(throws: LLMGenError.self) {
            _ = try LatencyBenchmark(inputLength: 4, outputLength: 0, batchSize: 2, runs: 1)
        }
        #expect(error.message.contains("output-len is 0"))
        await #expect(throws: LLMGenError.self) {
            try await LatencyBenchmark(inputLength: 32, outputLength: 4, batchSize: 2, runs: 1).run(engine)
        }
        let noRuns = try #require(throws: LLMGenError.self) {
            _ = try LatencyBenchmark(inputLength: 4, outputLength: 4, batchSize: 2, runs: 0)
        }
        #expect(noRuns.message.contains("repeat is 0"))
    }
}
