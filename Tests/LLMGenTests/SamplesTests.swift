import LLMGen
import LLMSampling
import Testing

/// Several samples of one prompt, log probabilities of prompts, users' own steps.
@Suite struct SamplesTests {
    private let story: Prompt = "Once upon a time there was a king who had three sons."

    @Test(arguments: [nil, .bfloat16, .int8] as [KVCacheDtype?], [8, 512])
    func `n samples are as many requests with the derived seeds`(dtype: KVCacheDtype?, budget: Int) async throws {
        let engine = try await Fairytale.engine(
            EngineOptions(kvCacheDtype: dtype, blockSize: 16, maxNumBatchedTokens: budget))
        let output = try await engine.generate([story], try SamplingParameters(n: 4, seed: 7, maxTokens: 50))[0]
        #expect(output.outputs.map(\.index) == [0, 1, 2, 3] && output.seed == 7)
        #expect(Set(output.outputs.map(\.text)).count == 4)
        for sample in output.outputs {
            let seed = SamplingParameters.seed(ofSample: sample.index, from: 7)
            let alone = try await engine.generate([story], try SamplingParameters(seed: seed, maxTokens: 50))[0]
            #expect(sample.seed == seed && alone.tokenIDs == sample.tokenIDs && alone.text == sample.text)
            #expect(alone.finishReason == sample.finishReason)
        }
        #expect(output.usage.completionTokens == output.outputs.reduce(0) { $0 + $1.tokenIDs.count })
        #expect(await engine.usedBlocks == 0)
    }

    @Test func `Pieces of several samples tell which they belong to`() async throws {
        let engine = try await Fairytale.engine()
        var texts = ["", "", ""]
        var ends = [Int]()
        var last: RequestOutput?
        for try await piece in engine.generate(story, try SamplingParameters(n: 3, seed: 2, maxTokens: 30)) {
            #expect(last == nil)
            texts[piece.index] += piece.text
            if piece.finishReason != nil { ends.append(piece.index) }
            last = piece.output
        }
        #expect(last?.outputs.map(\.text) == texts && ends.sorted() == [0, 1, 2])
    }

    @Test func `Samples share the blocks of their prompt`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(blockSize: 16))
        let prompt = Prompt.tokenIDs(Array(10..<330))
        let parameters = try SamplingParameters(n: 8, seed: 1, ignoreEOS: true, maxTokens: 40)
        var most = 0
        for try await _ in engine.generate(prompt, parameters) { most = max(most, engine.metrics.usedBlocks) }
        // 20 blocks of prompt, and for each sample the 3 that its own tokens lie in; apart it would be 184.
        #expect(most <= 20 + 8 * 3)
    }

    @Test(arguments: [1000, 7])
    func `A prompt's log probabilities are those that generating it had`(budget: Int) async throws {
        let engine = try await Fairytale.engine(EngineOptions(maxNumBatchedTokens: budget))
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 30, logprobs: 3)
        let written = try await engine.generate([story], parameters)[0]
        let reading = try SamplingParameters(temperature: 0, maxTokens: 1, promptLogprobs: 3)
        let whole = written.promptTokenIDs + written.tokenIDs
        let read = try await engine.generate([.tokenIDs(whole)], reading)[0]
        let logprobs = try #require(read.promptLogprobs)
        #expect(logprobs.count == whole.count && logprobs[0] == nil)
        #expect(logprobs.suffix(30).compactMap(\.self) == written.logprobs)
        // Nothing was taken from the cache, for cached tokens have no logits.
        #expect(read.usage.cachedTokens == 0)
        #expect(try await engine.generate([.tokenIDs(whole)], parameters)[0].usage.cachedTokens > 0)
        #expect(written.promptLogprobs == nil)
    }

    @Test func `A prompt is cut only where the request asks for it`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(maxModelLength: 64))
        let long = Prompt.tokenIDs(Array(10..<110))
        await #expect(throws: LLMGenError.self) { try await engine.generate([long], try SamplingParameters(seed: 1)) }
        let cut = try await engine.generate(
            [long], try SamplingParameters(seed: 1, maxTokens: 4, truncatePromptTokens: 30))[0]
        #expect(cut.promptTokenIDs == Array(80..<110))
        let fitting = try await engine.generate(
            [long], try SamplingParameters(seed: 1, maxTokens: 4, truncatePromptTokens: -1))[0]
        #expect(fitting.promptTokenIDs == Array(50..<110))
    }

    @Test func `An output that repeats itself ends with the reason`() async throws {
        let engine = try await Fairytale.engine()
        let detection = try RepetitionDetection(maxPatternSize: 4, minCount: 3)
        let bias: [TokenID: Double] = [500: 100]
        let output = try await engine.generate(
            [story],
            try SamplingParameters(
                temperature: 0, ignoreEOS: true, maxTokens: 50, logitBias: bias, repetitionDetection: detection))[0]
        #expect(output.finishReason == .repetition && output.tokenIDs == [500, 500, 500])
    }

    private struct Forced: LogitsProcessor {
        let tokens: [TokenID]
        var changesArgmax: Bool { true }

        func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
            for index in logits.indices where index != Int(tokens[output.count]) { logits[index] = -.infinity }
        }
    }

    private struct Failing: LogitsProcessor {
        struct Failure: Error, CustomStringConvertible { let description = "no more" }
        var changesArgmax: Bool { true }

        func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) throws {
            if output.count == 5 { throw Failure() }
        }
    }

    @Test func `A user's own step decides, and one that fails ends its request alone`() async throws {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 8)
        async let plain = engine.generate([story], parameters)
        async let forced = engine.generate(
            [story], parameters, RequestOptions(logitsProcessors: [Forced(tokens: Array(100..<108))]))
        let error = await #expect(throws: LLMGenError.self) {
            try await engine.generate([story], parameters, RequestOptions(logitsProcessors: [Failing()]))
        }
        #expect(error?.code == .failed && error?.message.contains("no more") == true)
        #expect(try await forced[0].tokenIDs == Array(100..<108))
        #expect(try await plain[0].tokenIDs == engine.generate([story], parameters)[0].tokenIDs)
        #expect(await engine.usedBlocks == 0)
    }
}
