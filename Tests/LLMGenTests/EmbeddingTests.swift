import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// What a text's vector is, and what an embedding may cost others.
@Suite struct EmbeddingTests {
    private struct Reference: Decodable {
        struct Entry: Decodable {
            let prompt_ids: [TokenID]
            let mean: [Float]
            let last: [Float]
            let normalized: [Float]
        }
        let entries: [Entry]
    }

    private let story: Prompt = "Once upon a time there was a king who had three sons."

    private func reference() throws -> [Reference.Entry] {
        let data = try Data(contentsOf: Paths.fixtures.appending(path: "embeddings/reference.json"))
        return try JSONDecoder().decode(Reference.self, from: data).entries
    }

    private func difference(_ one: [Float], _ other: [Float]) -> Float {
        zip(one, other).reduce(one.count == other.count ? 0 : .infinity) { max($0, abs($1.0 - $1.1)) }
    }

    @Test(arguments: [512, 100])
    func `Vectors are those of transformers, to 0.0001 where they reach 13`(budget: Int) async throws {
        let engine = try await Fairytale.engine(EngineOptions(maxNumBatchedTokens: budget))
        let entries = try reference()
        let prompts = entries.map { Prompt.tokenIDs($0.prompt_ids) }
        let means = try await engine.embed(prompts, .init(normalize: false))
        let lasts = try await engine.embed(prompts, .init(pooling: .last, normalize: false))
        let normalized = try await engine.embed(prompts)
        #expect(entries.map(\.prompt_ids.count) == [1, 5, 15, 777])
        for (index, entry) in entries.enumerated() {
            #expect(difference(means[index].embedding, entry.mean) < 1e-4)
            #expect(difference(lasts[index].embedding, entry.last) < 1e-4)
            #expect(difference(normalized[index].embedding, entry.normalized) < 1e-5)
            #expect(means[index].usage.promptTokens == entry.prompt_ids.count)
            #expect(means[index].usage.cachedTokens == 0 && means[index].usage.completionTokens == 0)
        }
    }

    @Test(arguments: Pooling.allCases)
    func `A vector has length 1 unless asked for as it is`(pooling: Pooling) async throws {
        let engine = try await Fairytale.engine()
        func length(_ output: EmbeddingOutput) -> Double {
            output.embedding.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        }
        let scaled = try await engine.embed([story], .init(pooling: pooling))[0]
        let plain = try await engine.embed([story], .init(pooling: pooling, normalize: false))[0]
        #expect(abs(length(scaled) - 1) < 1e-6 && length(plain) > 2)
        let (plainLength, expected) = (length(plain), scaled.embedding)
        #expect(difference(plain.embedding.map { Float(Double($0) / plainLength) }, expected) < 1e-6)
    }

    @Test func `A prompt may have every token of the model's length, and of the cache`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(kvBlocks: 4, blockSize: 16, maxModelLength: 64))
        let output = try await engine.embed([.tokenIDs(Array(10..<74)), .tokenIDs([7])])
        #expect(output.map(\.usage.promptTokens) == [64, 1])
        #expect(await engine.usedBlocks == 0)
        #expect(try await engine.embed([]).isEmpty)
    }

    static let refusals: [(prompt: Prompt, code: LLMGenError.Code, words: [String])] = [
        ("", .invalidInput, ["empty"]),
        (.tokenIDs([]), .invalidInput, ["0 tokens"]),
        (.tokenIDs([4096]), .invalidInput, ["4096", "4095"]),
        (.tokenIDs([-1]), .invalidInput, ["-1", "4095"]),
        (
            .tokenIDs(Array(repeating: 5, count: 101)), .contextLengthExceeded,
            ["101", "is 100 tokens", "max-model-len"]
        ),
        (.tokenIDs(Array(repeating: 5, count: 65)), .invalidArgument, ["65", "5 blocks", "there are 4"]),
    ]

    @Test(arguments: refusals.indices)
    func `A prompt that cannot be embedded is refused with the numbers, before any is computed`(
        index: Int
    ) async throws {
        let (prompt, code, words) = EmbeddingTests.refusals[index]
        let engine = try await Fairytale.engine(EngineOptions(kvBlocks: 4, blockSize: 16, maxModelLength: 100))
        let error = await #expect(throws: LLMGenError.self) { try await engine.embed([story, prompt, story]) }
        #expect(error?.code == code)
        for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
        await engine.settle()
        #expect(engine.metrics.steps == 0)
    }

    // MARK: Ends

    /// Returns once so many requests wait in a paused engine.
    private func waits(_ count: Int, in engine: Engine) async {
        while engine.metrics.waiting < count { await engine.settle() }
    }

    @Test func `Cancelling the task frees the blocks of all its prompts`() async throws {
        // A token a step: the prompts are far from done when the task is cancelled.
        let engine = try await Fairytale.engine(EngineOptions(maxNumBatchedTokens: 1))
        let prompts = Array(repeating: Prompt.tokenIDs(Array(repeating: 9, count: 900)), count: 100)
        let task = Task { try await engine.embed(prompts) }
        while engine.metrics.usedBlocks == 0 { await engine.settle() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await engine.usedBlocks == 0)
        #expect(engine.metrics.running == 0 && engine.metrics.waiting == 0)
        #expect(engine.metrics.finishedRequests[.abort] == 100)
    }

    @Test func `An embedding past its time, or aborted, ends with an error that says so`() async throws {
        let engine = try await Fairytale.engine()
        engine.pause()
        let late = await #expect(throws: LLMGenError.self) {
            try await engine.embed([story], .init(), RequestOptions(timeout: .milliseconds(20)))
        }
        #expect(late?.code == .timedOut && late?.message.contains("timeout of 0.02 s") == true)
        let named = Task { try await engine.embed([story, story], .init(), RequestOptions(name: "vectors")) }
        await waits(2, in: engine)
        engine.abort("vectors")
        #expect(await #expect(throws: LLMGenError.self) { try await named.value }?.code == .aborted)
        let last = Task { try await engine.embed([story]) }
        await waits(1, in: engine)
        engine.abortAll()
        #expect(await #expect(throws: LLMGenError.self) { try await last.value }?.code == .aborted)
        await engine.settle()
        #expect(engine.metrics.finishedRequests[.timeout] == 1 && engine.metrics.finishedRequests[.abort] == 3)
    }

    @Test func `A full queue and an engine that drains refuse, and nothing stays in line`() async throws {
        var options = EngineOptions(maxNumSeqs: 1)
        options.maxQueuedRequests = 2
        let engine = try await Fairytale.engine(options)
        engine.pause()
        let full = await #expect(throws: LLMGenError.self) {
            try await engine.embed(Array(repeating: story, count: 4))
        }
        #expect(full?.code == .overloaded && full?.retryAfter != nil)
        await engine.settle()
        #expect(engine.metrics.waiting == 0 && engine.metrics.admissionRejections == 1)
        engine.resume()
        await engine.drain()
        let draining = await #expect(throws: LLMGenError.self) { try await engine.embed([story]) }
        #expect(draining?.code == .draining)
        engine.resume()
        #expect(try await engine.embed([story]).count == 1)
    }

    @Test func `Hidden states that are no numbers end their request alone`() async throws {
        let source = Paths.fixtures.appending(path: "models/llama")
        let folder = FileManager.default.temporaryDirectory.appending(path: "llmgen-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: source, to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        // The embedding of token 5 becomes infinite, and with it what the norms make of its rows.
        let file = folder.appending(path: "model.safetensors")
        var data = try Data(contentsOf: file)
        let headerCount = Int(data.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.1) << (8 * $1.0) })
        let header = try #require(
            try JSONSerialization.jsonObject(with: data[8..<8 + headerCount]) as? [String: [String: Any]])
        let entry = try #require(header["model.embed_tokens.weight"])
        let start = 8 + headerCount + (try #require(entry["data_offsets"] as? [Int]))[0]
        let width = (try #require(entry["shape"] as? [Int]))[1]
        for element in 5 * width..<6 * width {
            data.replaceSubrange(start + 4 * element..<start + 4 * element + 4, with: [0, 0, 0x80, 0x7F])
        }
        try data.write(to: file)

        let engine = try Engine(model: try await LanguageModel.load(folder.path))
        async let good = engine.embed([.tokenIDs([1, 4, 9])])
        let error = await #expect(throws: LLMGenError.self) { try await engine.embed([.tokenIDs([1, 5, 9])]) }
        #expect(error?.code == .failed && error?.message.contains("3 tokens have a value that is no finite") == true)
        #expect(try await good[0].embedding.count == width)
        #expect(await engine.usedBlocks == 0)
    }

    // MARK: What is told

    @Test func `An embedding counts as a request with a prompt and no output`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(blockSize: 16))
        let events = engine.events()
        let outputs = try await engine.embed([story, story])
        await engine.settle()
        let (metrics, prompt) = (engine.metrics, outputs[0].usage.promptTokens)
        #expect(metrics.promptTokens == 2 * prompt && metrics.requestPromptTokens.sum == Double(2 * prompt))
        #expect(metrics.generationTokens == 0 && metrics.requestGenerationTokens.count == 2)
        #expect(metrics.finishedRequests[.stop] == 2 && metrics.endToEndLatency.count == 2)
        #expect(metrics.prefillTime.count == 2 && metrics.decodeTime.count == 0 && metrics.timeToFirstToken.count == 0)
        #expect(metrics.prefixCacheQueries == 0)
        _ = try? await engine.generate([.tokenIDs([])], try SamplingParameters())
        var lives: [UInt64: [EngineEvent.Kind]] = [:]
        for await event in events {
            if event.kind == .refused { break }
            lives[event.request, default: []].append(event.kind)
        }
        #expect(
            Array(lives.values)
                == Array(repeating: [.admitted, .scheduled(cachedTokens: 0), .finished(.stop)], count: 2))
    }

    @Test func `What an embedding has computed a request that begins alike finds`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(blockSize: 16))
        let prompt = Prompt.tokenIDs(Array(10..<50))
        let first = try await engine.embed([prompt])
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 20)
        let found = try await engine.generate([prompt], parameters)[0]
        #expect(found.usage.cachedTokens == 32)
        #expect(try await engine.embed([prompt]) == first)
        engine.resetPrefixCache()
        #expect(try await engine.generate([prompt], parameters)[0].tokenIDs == found.tokenIDs)
    }
}
