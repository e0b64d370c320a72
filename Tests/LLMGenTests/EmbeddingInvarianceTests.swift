import LLMGen
import LLMTestSupport
import Testing

/// Law 1 for vectors: the same text gives the same bits whatever the engine is doing.
@Suite struct EmbeddingInvarianceTests {
    struct Setup: Sendable, CustomTestStringConvertible {
        var name: String
        var load = LoadOptions()
        var engine = EngineOptions()
        var oneAtATime = false
        /// Requests that generate meanwhile, and came before.
        var neighbours = 0
        var preempts = false

        var testDescription: String { name }
    }

    static let setups: [Setup] = {
        var prioritized = EngineOptions(kvBlocks: 12, blockSize: 16, maxNumBatchedTokens: 8)
        prioritized.policy = .priority
        var bounded = EngineOptions()
        bounded.targetITL = .milliseconds(2)
        return [
            Setup(name: "all together"),
            Setup(name: "beside requests that generate", neighbours: 8),
            Setup(name: "8 tokens a step", engine: EngineOptions(maxNumBatchedTokens: 8), neighbours: 8),
            Setup(name: "a token a step", engine: EngineOptions(maxNumBatchedTokens: 1)),
            Setup(name: "2048 tokens a step", engine: EngineOptions(maxNumBatchedTokens: 2048), neighbours: 8),
            Setup(
                name: "12 blocks and 8 tokens a step",
                engine: EngineOptions(kvBlocks: 12, blockSize: 16, maxNumBatchedTokens: 8), neighbours: 2,
                preempts: true),
            Setup(name: "priorities", engine: prioritized, neighbours: 2, preempts: true),
            Setup(name: "a bound on steps", engine: bounded, neighbours: 8),
            Setup(name: "blocks of 16", engine: EngineOptions(blockSize: 16)),
            Setup(name: "blocks of 128", engine: EngineOptions(blockSize: 128)),
            Setup(name: "1 thread", load: LoadOptions(threads: 1)),
            Setup(name: "2 threads", load: LoadOptions(threads: 2), neighbours: 8),
            Setup(name: "scalar kernels", load: LoadOptions(cpuFeatures: .scalar)),
        ]
    }()

    /// Texts of 150 tokens to 1, some of which begin alike. With a few tokens a step the first is being computed while the
    /// requests before it grow.
    private static let prompts: [Prompt] = {
        var generator = SeededGenerator(seed: 7)
        let ids = (0..<150).map { _ in TokenID.random(in: 3..<4096, using: &generator) }
        return [150, 130, 97, 33, 32, 31, 2, 1].map { .tokenIDs(Array(ids.prefix($0))) }
            + [3, 16, 64, 129].map { .tokenIDs(Array(ids.suffix($0))) }
    }()

    private static let poolings: [EmbeddingParameters] =
        [.init(pooling: .mean), .init(pooling: .last, normalize: false)]
        + [Pooling.max, .weightedMean, .first].map { .init(pooling: $0, dimensions: 100) }

    /// The vectors of each pooling, in turn.
    private static func vectors(_ setup: Setup) async throws -> [[Float]] {
        let engine = try Engine(model: try await Fairytale.load(setup.load), options: setup.engine)
        let events = engine.events()
        let sampling = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 64)
        let entries = try Fairytale.reference()
        let options = RequestOptions(name: "embedding", priority: 1)
        var vectors: [[Float]] = []
        for parameters in poolings {
            if setup.oneAtATime {
                for prompt in prompts {
                    vectors += try await engine.embed([prompt], parameters).map(\.embedding)
                }
                continue
            }
            engine.pause()
            let streams = engine.streams(
                entries.prefix(setup.neighbours).map { .tokenIDs($0.prompt_ids) }, sampling, RequestOptions())
            async let outputs = engine.embed(prompts, parameters, options)
            while engine.metrics.waiting < streams.count + prompts.count { await engine.settle() }
            engine.resume()
            vectors += try await outputs.map(\.embedding)
            for (stream, entry) in zip(streams, entries) {
                #expect(try await Engine.output(of: stream).tokenIDs == entry.greedy_ids)
            }
        }
        #expect(await engine.usedBlocks == 0)
        #expect(engine.metrics.finishedRequests[.stop] == poolings.count * prompts.count)
        _ = try? await engine.generate([.tokenIDs([])], sampling)
        var preempted = 0
        for await event in events {
            if event.kind == .refused { break }
            if event.name == "embedding", event.kind == .preempted { preempted += 1 }
        }
        #expect((preempted > 0) == setup.preempts)
        return vectors
    }

    private static let alone = Task { try await vectors(Setup(name: "alone", oneAtATime: true)) }

    @Test(arguments: setups)
    func `Vectors are the same bits in every setup, and so are the tokens of others`(setup: Setup) async throws {
        #expect(try await Self.vectors(setup) == Self.alone.value)
    }

    @Test(arguments: [(KVCacheDtype.int8, Packing?.none), (.bfloat16, .q8_0)])
    func `So they are over other caches and weights`(dtype: KVCacheDtype, quantization: Packing?) async throws {
        var vectors: [[EmbeddingOutput]] = []
        for options in [EngineOptions(), EngineOptions(kvBlocks: 12, blockSize: 16, maxNumBatchedTokens: 13)] {
            var options = options
            options.kvCacheDtype = dtype
            let engine = try Engine(
                model: try await Fairytale.load(LoadOptions(quantization: quantization)), options: options)
            vectors.append(try await engine.embed(Self.prompts))
        }
        #expect(vectors[0] == vectors[1])
    }
}
