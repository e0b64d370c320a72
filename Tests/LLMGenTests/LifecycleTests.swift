import LLMGen
import Testing

/// What an operator can do to an engine, and what it tells of itself.
@Suite struct LifecycleTests {
    private let story: Prompt = "Once upon a time there was a king who had three sons."

    @Test func `A paused engine computes nothing, and goes on where it was`() async throws {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(seed: 1, ignoreEOS: true, maxTokens: 60)
        let wanted = try await engine.generate([story], parameters)[0]
        engine.pause()
        async let output = engine.generate([story], parameters)
        await engine.settle()
        let before = engine.metrics
        try await Task.sleep(for: .milliseconds(30))
        #expect(engine.metrics.steps == before.steps)
        #expect(engine.secondsWithoutProgress == nil)
        engine.resume()
        #expect(try await output[0].tokenIDs == wanted.tokenIDs)
    }

    @Test func `A paused engine still ends what is past its time`() async throws {
        let engine = try await Fairytale.engine()
        engine.pause()
        let output = try await engine.generate(
            [story], try SamplingParameters(seed: 1), RequestOptions(timeout: .milliseconds(20)))[0]
        #expect(output.finishReason == .timeout && output.tokenIDs.isEmpty)
    }

    @Test func `A request past its time ends with what it has`() async throws {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(n: 2, seed: 1, ignoreEOS: true, maxTokens: 900)
        let wanted = try await engine.generate([story], parameters)[0]
        let output = try await engine.generate([story], parameters, RequestOptions(timeout: .milliseconds(60)))[0]
        for (sample, whole) in zip(output.outputs, wanted.outputs) {
            #expect(sample.finishReason == .timeout && sample.tokenIDs.count < 900)
            #expect(sample.tokenIDs == Array(whole.tokenIDs.prefix(sample.tokenIDs.count)))
            #expect(whole.text.hasPrefix(sample.text))
        }
        #expect(await engine.usedBlocks == 0)
    }

    @Test func `Draining finishes what there is and refuses what comes`() async throws {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(seed: 1, ignoreEOS: true, maxTokens: 100)
        let running = engine.streams(Array(repeating: story, count: 4), parameters)
        async let drained: Void = engine.drain()
        // The order is given by a task of its own; what comes before it is still taken.
        var code: LLMGenError.Code?
        while code == nil {
            do {
                _ = try await engine.generate([story], try SamplingParameters(seed: 1, maxTokens: 1))
            } catch let error as LLMGenError {
                code = error.code
            }
        }
        #expect(code == .draining)
        for stream in running { #expect(try await Engine.output(of: stream).finishReason == .length) }
        await drained
        engine.resume()
        #expect(try await engine.generate([story], parameters)[0].tokenIDs.count == 100)
    }

    @Test func `Requests are ended by name`() async throws {
        let engine = try await Fairytale.engine()
        engine.pause()
        let parameters = try SamplingParameters(n: 2, seed: 1, maxTokens: 50)
        let one = engine.generate(story, parameters, RequestOptions(name: "one"))
        let other = engine.generate(story, parameters, RequestOptions(name: "other"))
        engine.abort("one")
        #expect(try await Engine.output(of: one).outputs.map(\.finishReason) == [.abort, .abort])
        engine.resume()
        #expect(try await Engine.output(of: other).outputs.allSatisfy { $0.finishReason != .abort })
    }

    @Test func `A full queue refuses with an estimate`() async throws {
        var options = EngineOptions(maxNumSeqs: 1)
        options.maxQueuedRequests = 2
        let engine = try await Fairytale.engine(options)
        engine.pause()
        let parameters = try SamplingParameters(seed: 1, maxTokens: 10)
        let streams = engine.streams(Array(repeating: story, count: 4), parameters)
        let error = await #expect(throws: LLMGenError.self) { try await Engine.output(of: streams[3]) }
        #expect(error?.code == .overloaded && error?.retryAfter != nil)
        #expect(error?.message.contains("max-queued-requests is 2") == true)
        engine.resume()
        for stream in streams.prefix(3) { _ = try await Engine.output(of: stream) }
        #expect(engine.metrics.admissionRejections == 1)
    }

    @Test func `Usage tells what the cache gave, and a reset takes it away`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(blockSize: 16))
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 30)
        let first = try await engine.generate([story], parameters)[0]
        #expect(first.usage.cachedTokens == 0)
        // The next turn of a chat: what was there, the answer, and a new question.
        let next = Prompt.tokenIDs(first.promptTokenIDs + first.tokenIDs + [20, 30, 40])
        let second = try await engine.generate([next], parameters)[0]
        #expect(second.usage.cachedTokens == (first.promptTokenIDs.count + 29) / 16 * 16)
        let salted = try await engine.generate([next], parameters, RequestOptions(cacheSalt: "tenant"))[0]
        #expect(salted.usage.cachedTokens == 0 && salted.tokenIDs == second.tokenIDs)
        engine.resetPrefixCache()
        let third = try await engine.generate([next], parameters)[0]
        #expect(third.usage.cachedTokens == 0 && third.tokenIDs == second.tokenIDs)
    }

    @Test func `Events tell a request's life in order`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(kvBlocks: 7, blockSize: 16))
        let events = engine.events()
        let prompts = Array(repeating: story, count: 3)
        let parameters = try SamplingParameters(seed: 3, ignoreEOS: true, maxTokens: 70)
        _ = try await engine.generate(prompts, parameters, RequestOptions(name: "tale"))
        _ = try? await engine.generate([.tokenIDs(Array(repeating: 5, count: 500))], parameters)
        var lives: [UInt64: [EngineEvent.Kind]] = [:]
        for await event in events {
            lives[event.request, default: []].append(event.kind)
            if event.kind == .refused { break }
            #expect(event.name == "tale")
        }
        #expect(lives.count == 4)
        let preempted = lives.values.joined().count { $0 == .preempted }
        #expect(preempted > 0 && preempted == engine.metrics.preemptions)
        for life in lives.values where life != [.refused] {
            #expect(life.first == .admitted && life.last == .finished(.length))
            let runs = life.count { if case .scheduled = $0 { true } else { false } }
            #expect(runs == 1 + life.count { $0 == .preempted })
        }
    }

    @Test func `Metrics count what was done`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(blockSize: 16))
        #expect(engine.secondsWithoutProgress == nil)
        let parameters = try SamplingParameters(n: 2, seed: 3, ignoreEOS: true, maxTokens: 20)
        let outputs = try await engine.generate([story, story], parameters)
        await engine.settle()
        let metrics = engine.metrics
        let prompt = outputs[0].usage.promptTokens
        #expect(metrics.generationTokens == 80 && metrics.promptTokens == 2 * prompt)
        #expect(metrics.finishedRequests[.length] == 2)
        #expect(metrics.timeToFirstToken.count == 2 && metrics.interTokenLatency.count == 4 * 19)
        #expect(metrics.endToEndLatency.count == 2 && metrics.requestGenerationTokens.sum == 80)
        #expect(metrics.stepRows.count == metrics.steps && metrics.steps >= 20)
        #expect(metrics.running == 0 && metrics.usedBlocks == 0 && metrics.cachedBlocks > 0)
        #expect(metrics.prefixCacheQueries == 2 * prompt)
        #expect(metrics.secondsSinceLastStep != nil && engine.secondsWithoutProgress == nil)
    }
}
