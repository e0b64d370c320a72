import LLMGen
import Testing

@Suite struct ScoringTests {
    private let story: Prompt = "Once upon a time there was a king who had three daughters, and the youngest was"

    @Test func `Each token has the log probability that prompt logprobs report, chunked, beside others and preempted`()
        async throws
    {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(temperature: 0, maxTokens: 1, promptLogprobs: 0)
        let reported = try await engine.generate([story], parameters)[0].promptLogprobs ?? []
        let wanted = reported.compactMap { $0?.chosen.logprob }
        #expect(try await engine.score(story).logprobs == wanted)
        let cramped = try await Fairytale.engine(EngineOptions(kvBlocks: 8, blockSize: 16, maxNumBatchedTokens: 7))
        async let others = cramped.generate(
            Array(repeating: story, count: 3), try SamplingParameters(seed: 1, maxTokens: 60))
        for _ in 0..<3 {
            let output = try await cramped.score(story, RequestOptions(priority: 1))
            #expect(output.logprobs == wanted)
            #expect(output.usage.promptTokens == wanted.count + 1 && output.usage.completionTokens == 0)
        }
        _ = try await others
    }

    @Test func `A scoring has its life in events and its place in metrics, and generates nothing`() async throws {
        let engine = try await Fairytale.engine()
        let events = engine.events()
        let output = try await engine.score(story)
        let metrics = engine.metrics
        #expect(metrics.generationTokens == 0 && metrics.promptTokens == output.usage.promptTokens - 1)
        #expect(metrics.finishedRequests[.stop] == 1)
        var kinds: [EngineEvent.Kind] = []
        for await event in events {
            kinds.append(event.kind)
            if case .finished = event.kind { break }
        }
        #expect(kinds == [.admitted, .scheduled(cachedTokens: 0), .finished(.stop)])
    }

    @Test func `What cannot be scored is refused, and a scoring in time ends with an error`() async throws {
        let engine = try await Fairytale.engine()
        let short = await #expect(throws: LLMGenError.self) { try await engine.score(.tokenIDs([5])) }
        #expect(short?.code == .invalidInput && short?.message.contains("at least 2") == true)
        let full = try await engine.score(.tokenIDs((0..<1024).map { TokenID($0 % 100 + 10) }))
        #expect(full.logprobs.count == 1023)
        let long = Prompt.tokenIDs(Array(repeating: 5, count: 1025))
        await #expect(throws: LLMGenError.self) { try await engine.score(long) }
        engine.pause()
        let late = await #expect(throws: LLMGenError.self) {
            try await engine.score(story, RequestOptions(timeout: .milliseconds(10)))
        }
        #expect(late?.code == .timedOut && late?.message.contains("the scoring was not done") == true)
        engine.resume()
    }
}
