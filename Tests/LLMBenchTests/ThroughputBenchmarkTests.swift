import LLMBench
import LLMGen
import LLMTestSupport
import Synchronization
import Testing

/// All requests at once through an engine.
@Suite struct ThroughputBenchmarkTests {
    private func engine(_ options: EngineOptions = EngineOptions()) async throws -> Engine {
        let model = try await LanguageModel.load(Paths.fairytale.path, LoadOptions(computeDtype: .float32))
        return try Engine(model: model, options: options)
    }

    @Test func `Tokens and steps are those that the engine counts`() async throws {
        let engine = try await self.engine()
        let dataset = try Dataset.random { ($0.inputLength, $0.outputLength, $0.rangeRatio) = (40, 12, 0.5) }
        let last = Mutex<ThroughputBenchmark.Progress?>(nil)
        let run = try await ThroughputBenchmark(dataset: dataset, count: 20, warmUpCount: 3).run(engine) { progress in
            last.withLock { $0 = progress }
        }
        let turns = (0..<20).map { dataset.conversation($0).turns[0] }
        let expected = turns.reduce(0) { $0 + $1.outputTokens }
        #expect(run.requests.count == 20 && run.requests.map(\.outputTokens) == turns.map(\.outputTokens))
        #expect(run.outputTokens == expected && run.countedGenerationTokens == expected)
        #expect(run.inputTokens == run.countedPromptTokens && run.inputTokens > 20 * 19)
        #expect(run.outputTokensPerSecond == Double(run.countedGenerationTokens) / run.durationSeconds)
        #expect(run.inputTokensPerSecond == Double(run.countedPromptTokens) / run.durationSeconds)
        let counted = run.countedPromptTokens + run.countedGenerationTokens
        #expect(run.totalTokensPerSecond == Double(counted) / run.durationSeconds)
        // Every token of a prompt and every generated one but the last is computed once.
        #expect(run.prefixCacheHits == 0 && run.preemptions == 0)
        #expect(run.prefill.tokens + run.decode.tokens + run.mixed.tokens == run.inputTokens + expected - 20)
        #expect(run.decode.steps > 0 && run.decode.tokensPerStep > 1)
        #expect(last.withLock { $0 }?.outputTokens == expected)
        // The engine has the warm-up besides.
        #expect(engine.metrics.generationTokens > expected && engine.metrics.usedBlocks == 0)
    }

    @Test func `Prefixes that repeat are found, in every run anew`() async throws {
        let engine = try await self.engine(EngineOptions(maxNumSeqs: 2))
        let dataset = try Dataset.random { ($0.prefixLength, $0.prefixCount) = (64, 2) }
        let benchmark = try ThroughputBenchmark(dataset: dataset, count: 12)
        let (first, second) = (try await benchmark.run(engine), try await benchmark.run(engine))
        #expect(first.prefixCacheHits >= 64 * 8 && first.prefixCacheHits < 12 * 64)
        #expect(first.prefixCacheHits == second.prefixCacheHits)
        #expect(first.prefixCacheHits == first.requests.reduce(0) { $0 + $1.cachedTokens })
        #expect(first.prefixCacheQueries == first.inputTokens)
    }

    @Test func `A cache that is too small preempts, which the run counts`() async throws {
        var options = EngineOptions(kvBlocks: 8)
        options.prefixCaching = false
        let engine = try await self.engine(options)
        let dataset = try Dataset.random { ($0.inputLength, $0.outputLength) = (30, 100) }
        let run = try await ThroughputBenchmark(dataset: dataset, count: 6).run(engine)
        #expect(run.preemptions > 0 && run.recomputedTokens > 0 && run.peakKVUsage <= 1)
        #expect(run.preemptions == run.requests.reduce(0) { $0 + $1.preemptions })
        #expect(run.outputTokens == 600)
    }

    @Test func `A conversation goes on with all that was said, which the cache has`() async throws {
        let engine = try await self.engine(EngineOptions(blockSize: 16))
        let dataset = try Dataset.random { ($0.inputLength, $0.outputLength, $0.turns) = (32, 16, 3) }
        let run = try await ThroughputBenchmark(dataset: dataset, count: 2).run(engine)
        #expect(run.requests.map(\.turn) == [0, 1, 2, 0, 1, 2])
        #expect(run.requests.map(\.promptTokens) == [32, 80, 128, 32, 80, 128])
        // The last token of an answer was never computed.
        #expect(run.requests.map(\.cachedTokens) == [0, 32, 80, 0, 32, 80])
    }

    @Test func `Messages become prompts by the chat template, texts by the tokenizer`() async throws {
        let engine = try await self.engine()
        let text = try await ThroughputBenchmark(dataset: try .texts(["Once upon a time"]), count: 1).run(engine)
        #expect(text.inputTokens == 5)
        let chat = try await ThroughputBenchmark(dataset: try .chat(), count: 1).run(engine)
        #expect(chat.inputTokens > 0 && chat.outputTokens == 8)
    }

    @Test func `A prompt that does not fit stops the run before it begins`() async throws {
        let engine = try await self.engine(EngineOptions(maxModelLength: 32))
        let dataset = try Dataset.random { $0.inputLength = 40 }
        await #expect {
            try await ThroughputBenchmark(dataset: dataset, count: 3).run(engine)
        } throws: { error in
            (error as? LLMGenError)?.message.hasPrefix("prompt 0: ") ?? false
        }
        #expect(throws: LLMGenError.self) { try ThroughputBenchmark(dataset: dataset, count: 0) }
    }
}
